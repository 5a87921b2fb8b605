import { BenchError } from '../core/errors.ts';
import type { CaseRecord } from '../core/record.ts';

/** One planned case as a test; `run` never rejects for a verdict, the verdict is in the record. */
export interface Test {
  readonly spec: string;
  readonly group: string;
  readonly id: string;
  run(): Promise<CaseRecord | undefined>;
}

/** A FAIL must look like a failed assertion to reporters; everything else that is no PASS must not. */
class Contradicted extends Error {
  readonly expected: string | undefined;
  readonly actual: string | undefined;
  readonly showDiff = false;

  constructor(record: CaseRecord) {
    super(record.reason?.message ?? '');
    this.name = 'AssertionError';
    const reason = record.reason;
    this.expected = reason?.verdict === 'FAIL' ? reason.expected : undefined;
    this.actual = reason?.verdict === 'FAIL' ? reason.observed : undefined;
  }
}

/** What the test throws, so that reporters of mocha show the verdict of the record. */
function verdictError(record: CaseRecord): Error | undefined {
  if (record.verdict === 'PASS') return undefined;
  if (record.verdict === 'FAIL') return new Contradicted(record);
  return new BenchError(record.verdict, record.reason?.message ?? record.verdict);
}

/** The report is made from the run record; mocha itself has nothing to say. */
function silentReporter(): void {}

/**
 * Runs the tests through mocha, one after another; mocha's own retries and time-outs are off, and no test at all is a failure. Resolves with mocha's count of
 * failures. With `allure`, allure-mocha writes its results as those options say.
 */
export async function runMocha(tests: readonly Test[], allure: object | undefined): Promise<number> {
  const { default: Mocha } = await import('mocha');
  const mocha = new Mocha({
    ui: 'bdd',
    timeout: 0,
    retries: 0,
    failZero: true,
    bail: false,
    ...(allure === undefined
      ? { reporter: silentReporter as unknown as Mocha.ReporterConstructor }
      : { reporter: 'allure-mocha', reporterOptions: allure }),
  });
  const suites = new Map<string, Mocha.Suite>();
  const suiteOf = (parent: Mocha.Suite, key: string, title: string): Mocha.Suite => {
    const found = suites.get(key) ?? Mocha.Suite.create(parent, title);
    suites.set(key, found);
    return found;
  };
  for (const test of tests) {
    const group = suiteOf(suiteOf(mocha.suite, test.spec, test.spec), `${test.spec}/${test.group}`, test.group);
    const made = new Mocha.Test(test.id, async function body(this: Mocha.Context) {
      const record = await test.run();
      if (record === undefined) {
        this.skip();
        return;
      }
      const error = verdictError(record);
      if (error !== undefined) throw error;
    });
    // Cases are data and come from no file that mocha loaded; the reporter wants one all the same.
    made.file = `suites/${test.spec}/${test.group}`;
    group.addTest(made);
  }
  return new Promise((resolve) => mocha.run((failures) => resolve(failures)));
}
