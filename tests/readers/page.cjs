// Opens pages from the disk at two widths and in the dark, without a network, and prints as JSON, a list a page, what a
// reader would run into. GAITKEEPER_SCREENSHOTS names a folder for pictures.
const path = require("node:path");
const { chromium } = require("playwright-core");

const WINDOWS = [[1280, "light"], [400, "light"], [1280, "dark"]];

(async () => {
  const browser = await chromium.launch({
    executablePath: process.env.GAITKEEPER_BROWSER,
    args: ["--no-sandbox", "--disable-gpu"],
  });
  const shots = process.env.GAITKEEPER_SCREENSHOTS;
  const all = process.argv.slice(2).map(() => []);
  for (const [width, scheme] of WINDOWS) {
    const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: scheme, offline: true });
    const tab = await context.newPage();
    let errors, asked;
    tab.on("console", (message) => errors.push(message.text()));
    tab.on("pageerror", (error) => errors.push(String(error)));
    tab.on("dialog", (dialog) => { errors.push("a dialog"); dialog.dismiss(); });
    tab.on("request", () => { asked += 1; });
    for (const [place, page] of process.argv.slice(2).entries()) {
      [errors, asked] = [[], 0];
      await tab.goto(`file://${page}`);
      const seen = await tab.evaluate(() => ({
        overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
        elements: document.querySelectorAll("*").length,
        findings: document.querySelectorAll("article.finding").length,
        bars: [...document.querySelectorAll("svg.bar rect")].filter((bar) => bar.getBoundingClientRect().height > 0).length,
        paper: getComputedStyle(document.body).backgroundColor,
      }));
      const name = path.basename(path.dirname(page));
      if (shots) await tab.screenshot({ path: path.join(shots, `${name}-${width}-${scheme}.png`), fullPage: true });
      all[place].push({ name, width, scheme, errors, asked, ...seen });
    }
    await context.close();
  }
  await browser.close();
  console.log(JSON.stringify(all));
})();
