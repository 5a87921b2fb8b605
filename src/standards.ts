import type { Registered } from './core/registered.ts';

/** The standards that Plumbline tests, each with its suites. */
export const standards: readonly Registered[] = [];
