import type { Fault } from '../fault.ts';

/** Firmware Distribution Client. */
export const INITIATOR_FAULTS: readonly Fault[] = [
  {
    name: 'initiator-upload-size',
    describe: 'tells a distributor another size than the image has',
    violates: ['DFUM-I.upload'],
    caughtBy: ['DFUM/FDC/01'],
    apply: { uploadSizeOff: 1 },
  },
  {
    name: 'initiator-upload-metadata',
    describe: 'leaves the metadata out of Upload Start',
    violates: ['DFUM-I.upload'],
    caughtBy: ['DFUM/FDC/01'],
    apply: { fields: { 'Firmware Distribution Upload Start': { metadata: Buffer.alloc(0) } } },
  },
  {
    name: 'initiator-receivers-short',
    describe: 'leaves a receiver out',
    violates: ['DFUM-I.receivers'],
    caughtBy: ['DFUM/FDC/02'],
    apply: { receiversLeftOut: 1 },
  },
  {
    name: 'initiator-start-image',
    describe: 'starts the distribution of the image after the one that it found',
    violates: ['DFUM-I.start'],
    caughtBy: ['DFUM/FDC/02'],
    apply: { startImageOff: 1 },
  },
  {
    name: 'initiator-start-policy',
    describe: 'has everything applied whatever it was told',
    violates: ['DFUM-I.start'],
    caughtBy: ['DFUM/FDC/02'],
    apply: { fields: { 'Firmware Distribution Start': { policy: 1 } } },
  },
  {
    name: 'initiator-resume-altered',
    describe: 'goes on with another TTL than it has started with',
    violates: ['DFUM-I.suspend'],
    caughtBy: ['DFUM/FDC/03'],
    apply: { resumesAltered: true },
  },
  {
    name: 'initiator-suspend-cancels',
    describe: 'sends Cancel in place of Suspend',
    violates: ['DFUM-I.suspend'],
    caughtBy: ['DFUM/FDC/03'],
    apply: { opcodes: { 'Firmware Distribution Suspend': 0x831b } },
  },
  {
    name: 'initiator-apply-asks',
    describe: 'sends Get in place of Apply',
    violates: ['DFUM-I.apply'],
    caughtBy: ['DFUM/FDC/04'],
    apply: { opcodes: { 'Firmware Distribution Apply': 0x8318 } },
  },
  {
    name: 'initiator-oob-without-id',
    describe: 'does not name the present firmware in Upload OOB Start',
    violates: ['DFUM-I.oob'],
    caughtBy: ['DFUM/FDC/05'],
    apply: { oobWithoutId: true },
  },
];
