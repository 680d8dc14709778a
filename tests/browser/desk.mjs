// Walks the review desk in a real browser: node desk.mjs URL [FOLDER FOR SCREENSHOTS]; prints what it saw as JSON.
import { createRequire } from "node:module";

const { chromium } = createRequire(process.cwd() + "/package.json")("playwright-core");
const [, , url, shots] = process.argv;
const own = new URL(url).origin;
const told = { errors: [], strangers: [], wide: [], dialogs: 0 };

const browser = await chromium.launch({ executablePath: process.env.GAITKEEPER_BROWSER, args: ["--no-sandbox"] });

async function enter(options) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) told.errors.push(message.text());
  });
  page.on("pageerror", (error) => told.errors.push(String(error)));
  page.on("dialog", (dialog) => {
    told.dialogs += 1;
    dialog.dismiss();
  });
  context.on("request", (request) => {
    if (new URL(request.url()).origin !== own) told.strangers.push(request.url());
  });
  await page.goto(url);
  await page.waitForURL(own + "/");
  return page;
}

async function look(page, name) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (over > 0) told.wide.push(`${name}: ${over}`);
  if (shots) await page.screenshot({ path: `${shots}/${name}.png`, fullPage: true });
}

const lines = (page) => page.locator("li[data-line]:visible").count();

try {
  const page = await enter({ viewport: { width: 1280, height: 860 } });
  told.listed = await lines(page);
  await look(page, "queue-1280");
  await page.keyboard.press("?");
  await page.locator("dialog[open]").waitFor();
  await look(page, "keys-1280");
  await page.keyboard.press("Escape");

  await page.keyboard.press("/");
  await page.keyboard.type("lonely");
  told.filtered = await lines(page);
  await look(page, "filter-1280");
  await page.keyboard.press("Control+A");
  await page.keyboard.press("Delete");
  told.unfiltered = await lines(page);
  await page.keyboard.press("Escape");

  await page.keyboard.press("j");
  if (await page.locator(".head.chosen").count()) {
    await page.keyboard.press("Enter");
    await page.waitForURL("**/campaign/*");
    await look(page, "campaign-1280");
    await page.keyboard.press("q");
    await page.waitForURL(own + "/");
    await page.locator(".head.chosen").waitFor();
    await page.keyboard.press("j");
  }
  await page.keyboard.press("j");
  await page.keyboard.press("k");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/alert/*");
  told.decided = await page.locator("h1").textContent();
  await look(page, "alert-1280");
  await page.keyboard.press("j");
  await page.waitForFunction((before) => document.querySelector("h1").textContent !== before, told.decided);
  await page.keyboard.press("k");
  await page.waitForFunction((before) => document.querySelector("h1").textContent === before, told.decided);
  await page.keyboard.press("m");
  await page.keyboard.type("by keyboard");
  await look(page, "verdict-1280");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/alert/*recorded=*");
  await look(page, "recorded-1280");

  await page.goto(own + "/history");
  told.history = await page.locator("li", { hasText: told.decided }).filter({ hasText: "by keyboard" }).count();
  await look(page, "history-1280");
  await page.goto(own + "/done");
  await look(page, "done-1280");

  const narrow = await enter({ viewport: { width: 400, height: 800 }, colorScheme: "dark" });
  await look(narrow, "queue-400");
  await narrow.locator(".line a.open").first().click();
  await narrow.waitForURL("**/alert/*");
  await look(narrow, "alert-400");
  await narrow.goto(own + "/history");
  await look(narrow, "history-400");

  const plain = await enter({ javaScriptEnabled: false });
  await plain.locator(".line a.open").first().click();
  await plain.waitForURL("**/alert/*");
  await plain.getByRole("radio", { name: "Unsure" }).check();
  await plain.getByLabel("Why").fill("without a script");
  await plain.getByRole("button", { name: "Record" }).click();
  await plain.waitForURL("**recorded=*");
} finally {
  await browser.close();
}
console.log(JSON.stringify(told));
