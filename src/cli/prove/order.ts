/** The last run on a device without fault begins when so much of all work is handed out; later ones would leave the computer idle at the end. */
const PROFILES_BEFORE = 0.6;

/** A few long jobs spread among many short ones: the long ones mostly wait, the short ones mostly compute. */
export function spread<T>(long: readonly T[], short: readonly T[]): T[] {
  const gap = long.length === 0 ? 0 : (short.length * PROFILES_BEFORE) / long.length;
  const rows = [...long.map((job, i) => ({ job, at: i * gap })), ...short.map((job, i) => ({ job, at: i + 0.5 }))];
  return rows.sort((a, b) => a.at - b.at).map((row) => row.job);
}

/** One of each list in turn. */
export function alternately<T>(lists: readonly (readonly T[])[]): T[] {
  const longest = Math.max(0, ...lists.map((list) => list.length));
  return Array.from({ length: longest }, (_, i) => lists.flatMap((list) => list.slice(i, i + 1))).flat();
}
