import { versionRead } from '../../src/ocf/kinds.ts';
import type { J, T } from './claims.ts';

/** Reads the running version where the declaration tells how: `/oic/p#mnfv` names path and property. */
export async function readVersion(t: T, label: string): Promise<void> {
  if (t.ixit.has('versionSource')) await t.readOther(t.ixit.text('versionSource').split('#')[0] ?? '', label);
}

/** The running version that was read with this label; undefined where it could not be read. */
export function versionOf(j: J, label: string): unknown {
  const property = j.ixit.text('versionSource').split('#')[1] ?? '';
  return j.log.first(versionRead(label))?.properties[property];
}
