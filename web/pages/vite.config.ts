import uni from '@dcloudio/vite-plugin-uni'
import { defineConfig } from 'vite'

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

export default defineConfig({
  plugins: [plugin(), nothingForeign],
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
          /lingpai-pages\/((components|logic|client|locales)\/(?!lp-(crop|avatar|nickname|row|passkey|rename)|passkeys)|pages\/login\/login-withpwd)|@dcloudio\/uni-app\//.test(id)
            ? 'lingpai'
            : undefined,
      },
    },
  },
})
