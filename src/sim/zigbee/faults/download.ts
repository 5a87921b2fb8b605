import type { Fault } from '../fault.ts';

/** Blocks and pages. */
export const DOWNLOAD_FAULTS: readonly Fault[] = [
  {
    name: 'lost-block-restarts',
    describe: 'starts the download again when one block response is lost',
    violates: ['ZBOTA-C.lost-block'],
    caughtBy: ['ZBOTA/CLI/060'],
    apply: { restartsOnLoss: true },
  },
];
