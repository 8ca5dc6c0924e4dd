/** JSON that may have comments, as uniCloud's documentation prints configurations. */
export function parseJsonc(text) {
  // Strings are matched first, so that `//` in them stays.
  const bare = text.replace(/^\uFEFF/, '').replace(/"(?:[^"\\]|\\.)*"|\/\/[^\n\r]*|\/\*[^]*?\*\//g, (match) => (match.startsWith('"') ? match : ' '));
  return JSON.parse(bare);
}
