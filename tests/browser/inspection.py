"""What is wrong with a page for people: the rules of WCAG 2.2 AA that a program can check."""

from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page

RULES = """() => {
  const wrong = [], all = (selector) => [...document.querySelectorAll(selector)];
  const shown = (element) => element.checkVisibility();
  if (!document.documentElement.lang) wrong.push("no language");
  if (!document.title.trim()) wrong.push("no title");
  if (all("h1").length !== 1) wrong.push(`${all("h1").length} h1`);
  if (all("main").length !== 1) wrong.push(`${all("main").length} main`);
  let level = 0;
  for (const heading of all("h1,h2,h3,h4")) {
    const own = Number(heading.tagName[1]);
    if (own > level + 1) wrong.push(`heading skips a level: ${heading.textContent}`);
    level = own;
  }
  for (const input of all("input:not([type=hidden]),textarea,select"))
    if (!input.labels.length) wrong.push(`no label: ${input.outerHTML}`);
  for (const element of all("a,button,summary"))
    if (!element.textContent.trim()) wrong.push(`no name: ${element.outerHTML}`);
  for (const svg of all("svg"))
    if (!(svg.ariaHidden === "true" || (svg.role === "img" && svg.ariaLabel)))
      wrong.push("a picture without words");
  for (const button of all("button"))
    if (button.getBoundingClientRect().height < 44) wrong.push(`small: ${button.textContent}`);
  const ids = all("[id]").map((element) => element.id);
  for (const id of new Set(ids))
    if (ids.indexOf(id) !== ids.lastIndexOf(id)) wrong.push(`id twice: ${id}`);
  for (const element of all("[aria-labelledby],[aria-describedby]"))
    for (const name of ["aria-labelledby", "aria-describedby"])
      if (element.hasAttribute(name) && !document.getElementById(element.getAttribute(name)))
        wrong.push(`${name} leads nowhere: ${element.getAttribute(name)}`);
  const wide = document.documentElement;
  if (wide.scrollWidth > wide.clientWidth) wrong.push(`scrolls sideways: ${wide.scrollWidth}`);

  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => {
    const [red, green, blue] = parts(colour).map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const ground = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = getComputedStyle(one).backgroundColor;
      if ((parts(colour)[3] ?? 1) > 0) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  for (const element of all("body *")) {
    const text = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!text || !shown(element) || element.closest(":disabled")) continue;
    const pair = [light(getComputedStyle(element).color), light(ground(element))];
    const contrast = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
    if (contrast < 4.5)
      wrong.push(`contrast ${contrast.toFixed(1)}: ${element.textContent.trim().slice(0, 60)}`);
  }
  return wrong;
}"""


async def wrong_with(page: Page) -> list[str]:
    """What breaks a rule on the page as it is shown now."""
    found: list[str] = await page.evaluate(RULES)
    return found


@dataclass
class Watched:
    """A page, and everything the browser complained about on it."""

    page: Page
    context: BrowserContext
    complaints: list[str] = field(default_factory=list)

    def on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)


async def open_page(browser: Browser, **options: Any) -> Watched:
    """Open an empty page whose complaints are kept: errors, refused loads, dialogs."""
    context = await browser.new_context(**options)
    watched = Watched(await context.new_page(), context)
    page = watched.page
    page.set_default_timeout(90_000)
    page.on("console", watched.on_console)
    page.on("pageerror", lambda error: watched.complaints.append(str(error)))
    page.on("requestfailed", lambda request: watched.complaints.append(f"failed: {request.url}"))

    async def refuse(dialog: Any) -> None:
        watched.complaints.append(f"dialog: {dialog.message}")
        await dialog.dismiss()

    page.on("dialog", refuse)
    return watched
