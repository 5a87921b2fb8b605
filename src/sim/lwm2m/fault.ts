import type { FaultRow } from '../fault.ts';
import type { Behaviour } from './behaviour.ts';
import type { Options } from './options.ts';

/** One way in which the device can be wrong, as data. */
export type Fault = FaultRow<Behaviour, Partial<Options>>;
