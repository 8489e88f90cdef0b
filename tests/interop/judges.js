// What html-validate, axe-core, pa11y and a browser without scripts say of pages.
// node judges.js MODULES CHROMIUM BASE PATH …  ->  one JSON line: [{path, judge, says}]
const [, , modules, chromium, base, ...paths] = process.argv
const load = (name) => require(require.resolve(name, { paths: [modules] }))
const puppeteer = load('puppeteer-core')
const pa11y = load('pa11y')
const { HtmlValidate } = load('html-validate')
const axe = require('fs').readFileSync(require.resolve('axe-core/axe.min.js', { paths: [modules] }), 'utf8')

const RULES = {
  extends: ['html-validate:recommended'],
  rules: {
    'no-trailing-whitespace': 'off', // of what people wrote, in <pre>
    'long-title': 'off', // a subject is as long as its author made it
    'void-style': 'off',
    'require-sri': 'off', // the one stylesheet is our own
    'tel-non-breaking': 'off',
    'no-inline-style': 'off',
    'wcag/h63': 'off'
  }
}
const SIZES = [[320, 'light'], [390, 'dark'], [1280, 'light'], [1280, 'dark']]
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

async function seen (browser, url, say) {
  const page = await browser.newPage()
  await page.setBypassCSP(true)
  for (const [width, scheme] of SIZES) {
    await page.setViewport({ width, height: 900 })
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }])
    await page.goto(url)
    await page.evaluate(() => document.querySelectorAll('details').forEach((each) => { each.open = true }))
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
    if (wide > 0) say('reflow', `${width} px: ${wide} px too wide`)
    await page.evaluate(axe)
    const { violations } = await page.evaluate((tags) => window.axe.run({ runOnly: tags }), TAGS)
    for (const each of violations) say('axe', `${width} ${scheme} ${each.id}: ${each.nodes[0].html} ${each.nodes.length}`)
  }
  await page.close()
}

async function main () {
  const browser = await puppeteer.launch({ executablePath: chromium, args: ['--no-sandbox'] })
  const validator = new HtmlValidate(RULES)
  const found = []
  for (const path of paths) {
    const say = (judge, says) => found.push({ path, judge, says })
    const url = base + path
    const text = await (await fetch(url)).text()
    for (const result of (await validator.validateString(text)).results) {
      for (const each of result.messages) say('html-validate', `${each.ruleId}: ${each.message} ${each.line}:${each.column}`)
    }
    await seen(browser, url, say)
    const report = await pa11y(url, { browser, standard: 'WCAG2AA', includeWarnings: false })
    for (const each of report.issues) say('pa11y', `${each.code} ${each.context}`)
  }
  await browser.close()
  console.log(JSON.stringify(found))
}

main().catch((failure) => { console.error(failure); process.exit(1) })
