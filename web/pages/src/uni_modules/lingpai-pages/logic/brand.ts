import { config } from './config'

/** The project's colours as custom properties, for the pages' outermost element. */
export function brandStyle(dark: boolean): Record<string, string> {
  const color = (dark && config.brand.colorDark) || config.brand.color
  return color ? { '--lp-accent': color, '--lp-on-accent': readableOn(color) } : {}
}

/** Applies what concerns the whole document. */
export function paint() {
  // #ifdef H5
  const scheme = matchMedia('(prefers-color-scheme: dark)')
  const apply = () => {
    const style = brandStyle(scheme.matches)
    for (const name of Object.keys(style)) document.documentElement.style.setProperty(name, style[name])
  }
  apply()
  scheme.addEventListener?.('change', apply)
  // #endif
}

/** Black or white, whichever can be read on a `#rrggbb` colour. */
function readableOn(color: string): string {
  const digits = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(color)
  if (!digits) return '#fff'
  const [red, green, blue] = digits.slice(1).map((pair) => {
    const part = parseInt(pair, 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
  // Equal contrast with black and white lies at 0.179.
  return luminance > 0.179 ? '#0b1210' : '#fff'
}
