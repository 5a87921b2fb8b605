import type { FaultRow } from '../fault.ts';
import type { Behaviour } from './behaviour.ts';
import type { Options } from './options.ts';

/** One way in which the node can be wrong, as data, with the options that it needs in order to show. */
export type Fault = FaultRow<Behaviour, readonly (keyof Options)[]>;
