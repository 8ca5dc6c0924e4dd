// Writes the first view that the server sends along with the page: `shell.html` with the words of each language, and
// without what only people read. The server fills in what depends on the project and the visitor.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { transformSync } from 'esbuild'

const LANGUAGES = [['zh-Hans', '简体中文'], ['zh-Hant', '繁體中文'], ['en', 'English']]
const locales = new URL('../src/uni_modules/lingpai-pages/locales/', import.meta.url)
const template = readFileSync(new URL('../shell.html', import.meta.url), 'utf8').replace(/\n/g, '')
const folder = join(process.argv[2], 'shell')
mkdirSync(folder, { recursive: true })

for (const [language] of LANGUAGES) {
  const words = await wordsOf(language)
  const options = LANGUAGES.map(([tag, name]) => `<option value="${tag}" lang="${tag}"${tag === language ? ' selected' : ''}>${name}</option>`).join('')
  const html = template.replace(/\{\{(.+?)\}\}/g, (_, name) => {
    if (name === 'options') return options
    if (!(name in words)) throw new Error(`shell.html: there is no word ${name}`)
    return escaped(words[name])
  })
  writeFileSync(join(folder, `${language}.html`), html)
  // What stands for a name and a slogan that the project did not give.
  writeFileSync(join(folder, `${language}.json`), JSON.stringify({ name: words.product, slogan: words.slogan, service: plain(words['agree.service']), privacy: plain(words['agree.privacy']) }))
}

async function wordsOf(language) {
  const { code } = transformSync(readFileSync(new URL(`${language}.ts`, locales), 'utf8'), { loader: 'ts', format: 'esm' })
  return (await import(`data:text/javascript,${encodeURIComponent(code)}`)).default
}

/** Chinese names of agreements stand in title marks within sentences. */
function plain(title) {
  return title.replace(/[《》]/g, '')
}

function escaped(text) {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/"/g, '&quot;')
}
