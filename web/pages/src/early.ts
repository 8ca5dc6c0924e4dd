import { serveFirstView } from '@/uni_modules/lingpai-pages/logic/early-press'

// The hosted pages' first script: the first view works before the others have come.
serveFirstView()
