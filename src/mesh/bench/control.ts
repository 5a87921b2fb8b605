import { DriveEnd } from '../../core/case.ts';
import type { Bench } from '../../core/standard.ts';

/** What a device can be told to do by its console; each a word of the bench, whatever the device calls it. */
export type Verb =
  | 'occupy'
  | 'release'
  | 'targets'
  | 'check'
  | 'distributor'
  | 'upload'
  | 'uploadOob'
  | 'receivers'
  | 'start'
  | 'suspend'
  | 'resume'
  | 'apply';

/** Values that a line may name in braces: addresses and octets as hex, the rest as decimal numbers. */
export type Values = Readonly<Record<string, string | number>>;

/** How consoles say it: `plumbline` is that of our simulated node, `zephyr` the mesh shell (prefix and words as its documentation lists them). */
const DIALECTS: Readonly<Record<string, Readonly<Partial<Record<Verb, readonly string[]>>>>> = {
  plumbline: {
    occupy: ['blob rx {blobId} {base}'],
    release: ['blob cancel'],
    targets: ['targets {addresses}'],
    check: ['check {metadata}'],
    distributor: ['distributor {address}'],
    upload: ['upload {firmwareId} {metadata} {size}'],
    uploadOob: ['upload-oob {uri} {firmwareId}'],
    receivers: ['receivers {addresses}'],
    start: ['start {firmwareId} verify'],
    suspend: ['distribution suspend'],
    resume: ['resume'],
    apply: ['distribution apply'],
  },
  zephyr: {
    occupy: ['mesh models blob srv rx 0x{blobId} {base}'],
    release: ['mesh models blob srv rx-cancel'],
    targets: ['mesh models dfu cli target 0x{addresses} 0'],
    check: ['mesh models dfu slot add {size} {firmwareId} {metadata}', 'mesh models dfu cli target-check 0 0'],
  },
};

/** The console of the device, in the bench's words. */
export interface Control {
  /** Says it and waits for the answer to each line; ends the drive where the dialect has no words for it, or the rig no console. */
  say(verb: Verb, values: Values): Promise<void>;
}

/**
 * Makes the control channel. The dialect is the rig's entry `dialect`; entries such as `sayCheck` replace single lines of it, for the words of a vendor.
 * @param deadlineMs for the answer to each line; real milliseconds
 */
export function controlOf(bench: Pick<Bench, 'address' | 'has' | 'console'>, deadlineMs: number): Control {
  const linesOf = (verb: Verb): readonly string[] | undefined => {
    const own = `say${verb.charAt(0).toUpperCase()}${verb.slice(1)}`;
    if (bench.has(own)) return bench.address(own).split('; ');
    return DIALECTS[bench.has('dialect') ? bench.address('dialect') : 'plumbline']?.[verb];
  };
  return {
    async say(verb, values) {
      const { console } = bench;
      const lines = linesOf(verb);
      if (console === undefined) throw new DriveEnd('this rig has no console');
      if (lines === undefined) throw new DriveEnd(`the console of this rig has no words for "${verb}" (entry dialect)`);
      for (const line of lines)
        await console.ask(
          line.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? '')),
          deadlineMs,
        );
    },
  };
}
