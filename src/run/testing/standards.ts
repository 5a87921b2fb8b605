import { register } from '../../core/registered.ts';
import type { StandardEntry } from '../../standards.ts';
import { run } from './cases.ts';
import { fake } from './standard.ts';

/** The list of standards that the tests of the run use in place of the real one. */
export const STANDARDS: readonly StandardEntry[] = [
  { spec: 'FAKE', name: 'fake', load: () => Promise.resolve(register({ standard: fake, suites: [run] })) },
];
