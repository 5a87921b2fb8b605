/** Where a browser fetches from without being asked: attributes of elements that load something, CSS urls and imports, and script loads. */
const FETCHES = [
  /<(?:script|img|iframe|audio|video|source|embed|track|input)\b[^>]*?\ssrc(?:set)?\s*=\s*["']?\s*((?:https?:)?\/\/[^\s"'>]+)/gi,
  /<link\b[^>]*?\shref\s*=\s*["']?\s*((?:https?:)?\/\/[^\s"'>]+)/gi,
  /<object\b[^>]*?\sdata\s*=\s*["']?\s*((?:https?:)?\/\/[^\s"'>]+)/gi,
  /(?:url\(|@import)\s*["']?\s*((?:https?:)?\/\/[^\s"')]+)/gi,
  /<meta\b[^>]*?http-equiv\s*=\s*["']?refresh[^>]*?url=((?:https?:)?\/\/[^\s"'>]+)/gi,
];

/** Addresses in a page that a browser would fetch from outside when it is opened; links that a reader may follow do not count. */
export function fetchedHosts(html: string): string[] {
  return FETCHES.flatMap((pattern) => [...html.matchAll(pattern)].map((m) => m[1] ?? ''));
}
