import type { FaultRow } from '../fault.ts';
import type { Behaviour } from './behaviour.ts';
import type { Options } from './options.ts';

/** One way in which the node can be wrong, as data; it needs options to have these values. */
export type Fault = FaultRow<Behaviour, Partial<Options>>;
