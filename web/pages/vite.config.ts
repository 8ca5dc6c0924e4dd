import uni from '@dcloudio/vite-plugin-uni'
import { defineConfig, type Plugin } from 'vite'

// The plug-in is CommonJS; as an ES module its function hides under `default`.
const plugin = (uni as unknown as { default?: typeof uni }).default ?? uni

/** The framework's style sheet preloads a shadow from its maker's server, for a navigation bar that these pages do not have. */
const nothingForeign = {
  name: 'lingpai-nothing-foreign',
  generateBundle(_: unknown, bundle: Record<string, { type: string; source?: unknown }>) {
    for (const file of Object.values(bundle)) {
      if (file.type === 'asset' && typeof file.source === 'string') file.source = file.source.replace(/url\(["']?https?:[^)]*\)/g, 'none')
    }
  },
}

/**
 * The first script of the hosted pages (`src/early.ts`) is a small file of its own: the first view works as soon as it is
 * here. What it shares with the other scripts is in it, and nothing else.
 */
const early: Plugin = {
  name: 'lingpai-early',
  apply: (_, { command }) => command === 'build' && process.env.UNI_PLATFORM === 'h5',
  buildStart() {
    this.emitFile({ type: 'chunk', id: '/src/early.ts', name: 'early' })
  },
  transformIndexHtml: {
    order: 'post',
    handler(_, { bundle }) {
      const file = Object.values(bundle ?? {}).find((each) => each.type === 'chunk' && each.name === 'early')?.fileName
      if (!file) throw new Error('vite.config.ts: there is no early script')
      // Module scripts run in the order of the page.
      return [{ tag: 'script', attrs: { type: 'module', crossorigin: true, fetchpriority: 'high', src: `/${file}` }, injectTo: 'head-prepend' }]
    },
  },
}
/**
 * Nearly everything in the first scripts runs as soon as they are here. Told so, the browser compiles it while it is on its
 * way, off the main thread, and not function by function when each is called first (Chromium; others read a comment).
 */
const HINT = '//# allFunctionsCalledOnLoad\n'
const eager: Plugin = {
  name: 'lingpai-eager',
  // Names of files follow from what is in them, the hint included.
  augmentChunkHash: () => HINT,
  generateBundle: {
    // It counts in the first line alone, before what other plugins put there.
    order: 'post',
    handler(_, bundle) {
      for (const file of Object.values(bundle)) {
        if (file.type === 'chunk' && /^(early|index|lingpai)$/.test(file.name)) file.code = HINT + file.code
      }
    },
  },
}
const EARLY = /src\/early\.ts|lingpai-pages\/(config\.js|client\/(direct\/|call-error|session|storage)|logic\/(early-press|identifier|config)\.ts|locales\/chosen)/

export default defineConfig({
  plugins: [plugin(), nothingForeign, early, ...(process.env.UNI_PLATFORM === 'h5' ? [eager] : [])],
  build: {
    // Every browser that speaks ES modules and custom properties; smaller than the default target.
    target: 'es2018',
    cssTarget: 'chrome61',
    // No inline module-preload helper, no data: fonts or scripts: the content security policy is strict.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    rollupOptions: {
      output: {
        // What nearly every page needs comes at once, with the page that most visitors see first: a
        // chunk for each component or a chain of imports would cost a journey each.
        manualChunks: (id) =>
          EARLY.test(id)
            ? 'early'
            : /lingpai-pages\/((components|logic|client|locales)\/(?!lp-(crop|avatar|bind|row|passkey|rename|unbind)|passkeys)|pages\/login\/login-withpwd)|@dcloudio\/uni-app\//.test(id)
              ? 'lingpai'
              : undefined,
      },
    },
  },
})
