/** `${device.iut}`: the value that a resource has under a key while the rig is open. */
const REFERENCE = /\$\{([A-Za-z][\w-]*)\.([\w-]+)\}/g;

/** One reference in a text of a rig file: `${resource.key}`. */
export interface Reference {
  readonly resource: string;
  readonly key: string;
}

/** `${rig.state}`: the folder that is kept of the rig across runs, absolute. */
export const OWN: Reference = { resource: 'rig', key: 'state' };

/** The references in a text, in order. */
export function referencesIn(text: string): Reference[] {
  return [...text.matchAll(REFERENCE)].map(([, resource = '', key = '']) => ({ resource, key }));
}

/** The text with every reference replaced by what `value` says. */
export function resolveReferences(text: string, value: (reference: Reference) => string): string {
  return text.replace(REFERENCE, (_, resource: string, key: string) => value({ resource, key }));
}
