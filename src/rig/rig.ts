import type { Need } from '../core/case.ts';
import type { RigData } from './schema.ts';

/** A rig file that was read and checked. Plain data: it goes to the child process as it is. */
export interface Rig {
  readonly name: string;
  readonly file: string;
  /** SHA-256 of the file, hex. */
  readonly digest: string;
  readonly data: RigData;
  /** The resource that plays each part, where the rig has one. */
  readonly parts: Readonly<Partial<Record<Need, string>>>;
}

/** What the rig offers beyond the link: decides which cases can run on it. */
export function capabilities(rig: Rig): ReadonlySet<Need> {
  return new Set(Object.keys(rig.parts) as Need[]);
}

/** A simulated device answers when it says that it is ready; a real one boots. Seconds, real time. */
const BOOT_S = { process: 5, other: 60 };

/** How long the device may take, after power or reset, until it answers: real milliseconds. */
export function bootMs(rig: Rig): number {
  const player = rig.data.resources[rig.parts.power ?? rig.parts.reset ?? ''];
  return (rig.data.bootS ?? (player?.kind === 'process' ? BOOT_S.process : BOOT_S.other)) * 1000;
}
