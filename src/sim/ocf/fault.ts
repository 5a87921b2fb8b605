import type { FaultRow } from '../fault.ts';
import type { Behaviour } from './behaviour.ts';
import type { Options } from './options.ts';

/** One way in which the device can be wrong, as data. It names the options that it needs; only the bench knows their values. */
export type Fault = FaultRow<Behaviour, readonly (keyof Options)[]>;
