// What html-validate, axe-core, pa11y and a browser say of pages. Reads JSON:
// {modules, chromium, base, cookie, pages: [path], own: [path], sizes: [[width, scheme]], each, mail: it is HTML of a mail};
// prints [{path, judge, says}]. Each page is looked at in so many of the sizes, which take turns.
const given = JSON.parse(require('fs').readFileSync(0, 'utf8'))
const load = (name) => require(require.resolve(name, { paths: [given.modules] }))
const puppeteer = load('puppeteer-core')
const pa11y = load('pa11y')
const { HtmlValidate } = load('html-validate')
const axe = require('fs').readFileSync(require.resolve('axe-core/axe.min.js', { paths: [given.modules] }), 'utf8')

const RULES = {
  extends: ['html-validate:recommended'],
  rules: {
    'no-trailing-whitespace': 'off', // of what people wrote, in <pre>
    'long-title': 'off', // a subject is as long as its author made it
    'void-style': 'off',
    'require-sri': 'off', // the one stylesheet is our own
    'tel-non-breaking': 'off', // numbers in what people wrote
    'wcag/h63': 'off'
  }
}
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
const SPACED = `* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important }
  p { margin-bottom: 2em !important }` // WCAG 2.2, 1.4.12
const LARGE = 'html { font-size: 200% !important }' // 1.4.4

// What is wider than the window, or cut off by what holds it.
function tooWide () {
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth
  const cut = [...document.querySelectorAll('main *, footer *')].filter((each) => {
    const style = getComputedStyle(each)
    return !each.closest('.aside, pre, .outline') && style.overflowY === 'hidden' && each.scrollHeight > each.clientHeight + 1
  })
  return (wide > 0 ? [`${wide} px too wide`] : []).concat(cut.map((each) => `cut off: ${each.outerHTML.slice(0, 80)}`))
}

async function look (page, url, [width, scheme], say) {
  await page.setViewport({ width, height: 900 })
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }])
  await page.goto(url)
  await page.evaluate(() => document.querySelectorAll('details').forEach((each) => { each.open = true }))
  for (const each of await page.evaluate(tooWide)) say('reflow', `${width} px: ${each}`)
  await page.evaluate(axe)
  const rules = given.mail ? { region: { enabled: false }, 'landmark-one-main': { enabled: false } } : {}
  const { violations } = await page.evaluate((options) => window.axe.run(options), { runOnly: TAGS, rules })
  for (const each of violations) say('axe', `${width} ${scheme} ${each.id}: ${each.nodes[0].html} ${each.nodes.length}`)
  if (scheme !== 'light') return
  for (const [name, content] of [['spaced', SPACED], ['200 %', LARGE]]) {
    const style = await page.addStyleTag({ content })
    if (name === 'spaced' || width >= 640) { // 200 % of 320 px would be 160: reflow is asked for at 320 only (1.4.10)
      for (const each of await page.evaluate(tooWide)) say('reflow', `${width} px ${name}: ${each}`)
    }
    await style.evaluate((each) => each.remove())
  }
}

let turn = 0

async function judge (browser, validator, path, found) {
  const say = (judge, says) => found.push({ path, judge, says })
  const url = given.base + path
  const page = await browser.newPage()
  await page.setBypassCSP(true)
  const answer = await page.goto(url)
  const results = given.mail ? [] : (await validator.validateString(await answer.text())).results
  for (const result of results) {
    for (const each of result.messages) say('html-validate', `${each.ruleId}: ${each.message} ${each.line}:${each.column}`)
  }
  for (let count = 0; count < given.each; count++) await look(page, url, given.sizes[turn++ % given.sizes.length], say)
  await page.close()
  const report = await pa11y(url, { browser, standard: 'WCAG2AA', includeWarnings: false })
  for (const each of report.issues) say('pa11y', `${each.code} ${each.context}`)
}

async function main () {
  const browser = await puppeteer.launch({ executablePath: given.chromium, args: ['--no-sandbox', '--disable-gpu'] })
  const validator = new HtmlValidate(RULES)
  const found = []
  for (const path of given.pages) await judge(browser, validator, path, found)
  if (given.own.length) await browser.setCookie({ name: 'session', value: given.cookie, domain: '127.0.0.1', path: '/' })
  for (const path of given.own) await judge(browser, validator, path, found)
  await browser.close()
  console.log(JSON.stringify(found))
}

main().catch((failure) => { console.error(failure); process.exit(1) })
