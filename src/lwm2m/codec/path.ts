/** Where something stands in the data model: object, instance, resource, resource instance; the empty path is the root. */
export type Path = readonly number[];

/** Largest id that can be used; 65535 is reserved (LwM2M core 7.2). */
export const MAX_ID = 65534;

/** Stands for the instance id that the device chooses in a Create that names none. */
export const NEW_INSTANCE = 65535;

const FORM = /^(?:\/\d{1,5}){1,4}$/;

/** Reads `/9/0/7`, one to four ids; `/` is the root. Undefined for anything else. */
export function parsePath(text: string): Path | undefined {
  if (text === '/' || text === '') return [];
  if (!FORM.test(text)) return undefined;
  const ids = text.slice(1).split('/').map(Number);
  return ids.every((id) => id <= NEW_INSTANCE) ? ids : undefined;
}

/** `/9/0/7`; the root is `/`. */
export function printPath(path: Path): string {
  return `/${path.join('/')}`;
}

/** True where `path` is `above` or lies below it. */
export function isWithin(path: Path, above: Path): boolean {
  return path.length >= above.length && above.every((id, i) => path[i] === id);
}

/** True for the same place. */
export function samePath(a: Path, b: Path): boolean {
  return a.length === b.length && isWithin(a, b);
}
