import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BenchError, messageOf } from '../../core/errors.ts';
import type { EventSink } from '../../core/events.ts';
import type { Kind } from '../../core/log.ts';

/** File in the rig's state folder. */
const FILE = 'installed.json';

/** What a rig has learnt: which version runs once a package is installed. It survives runs, as the device's firmware does. */
export interface InstalledMemory {
  versionOf(content: Uint8Array): string | undefined;
  learn(content: Uint8Array, version: string): void;
}

const digestOf = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');

/** Opens the memory; one that cannot be read is as good as none. Throws a BenchError where it cannot be written. */
export function installedMemory(stateDir: string): InstalledMemory {
  const file = join(stateDir, FILE);
  let known: Record<string, string> = {};
  try {
    known = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
  } catch {
    known = {};
  }
  return {
    versionOf: (content) => known[digestOf(content)],
    learn(content, version) {
      const digest = digestOf(content);
      if (known[digest] === version) return;
      known[digest] = version;
      try {
        writeFileSync(file, `${JSON.stringify(known, null, 2)}\n`);
      } catch (e) {
        throw new BenchError('installed', `cannot be written: ${messageOf(e)}`, { place: { file }, cause: e });
      }
    },
  };
}

const NOTHING_NEWER = 'ocf.nothing-newer';

/** Writes that the bench has no package left that is newer than what runs. */
export function tellNothingNewer(events: EventSink, what: string, version: string | undefined): void {
  events.append({ channel: 'ocf', type: NOTHING_NEWER, data: { package: what, version: version ?? '' } });
}

/** The bench has no package left that is newer than what runs: a fault of the bench, and nothing that can be judged. */
export const nothingNewer: Kind<{ readonly reason: string }> = {
  name: 'no newer package',
  read(event) {
    if (event.type !== NOTHING_NEWER) return undefined;
    const field = (name: string): string => {
      const value = event.data?.[name];
      return typeof value === 'string' ? value : '';
    };
    const version = field('version') === '' ? '' : `, version ${field('version')}`;
    return {
      reason: `the bench has no ${field('package')} that is newer than what runs${version}: put a newer one into the declaration`,
    };
  },
};
