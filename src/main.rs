use gaitkeeper::*;
fn main() {
    let t = std::time::Instant::now();
    let h = archive::store::Archive::Box.load().unwrap();
    eprintln!("load {:?} {}", t.elapsed(), h.events.len());
    let m = detect::model::Model::embedded().unwrap();
    let mut top = vec![];
    engine::embedded::fold(&h, &m, |a| {
        top.push((a.assessment.points, a.index));
    });
    eprintln!("fold {:?}", t.elapsed());
    top.sort();
    top.reverse();
    for (p, i) in &top[..10] {
        let e = &h.events[*i];
        eprintln!("{} {} {}", p, h.words.text(e.package), h.words.text(e.version));
    }
}
