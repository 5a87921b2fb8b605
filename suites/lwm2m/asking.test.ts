import { expect } from 'chai';
import { caseOf } from '../../src/core/testing/written.ts';
import { ixitOf } from '../../src/core/ixit.ts';
import { printPath } from '../../src/lwm2m/codec/path.ts';
import { SOFTWARE_MANAGEMENT } from '../../src/lwm2m/codec/definitions.ts';
import type { T } from './moves.ts';
import { LWM2M_SUITES } from './suites.ts';

/** What a case asks of a device that declares these items, as `operation path`. */
async function askedBy(id: string, ...declares: string[]): Promise<string[]> {
  const asked: string[] = [];
  const verb = (name: string) => (path: readonly number[]) => {
    asked.push(`${name} ${printPath(path)}`);
    return Promise.resolve();
  };
  const t = {
    ixit: ixitOf({ instance: 0 }),
    declared: (item: string) => declares.includes(item),
    read: verb('R'),
    write: verb('W'),
    execute: verb('E'),
  };
  await caseOf(LWM2M_SUITES, id).drive(t as unknown as T, undefined);
  return asked;
}

describe('LwM2M drives: an unknown instance', () => {
  for (const [title, declares] of [
    ['a device that pulls', ['SWMGMT 3/4']],
    ['a device that only takes pushes', ['SWMGMT 3/3']],
  ] as const)
    it(`is asked of ${title} for nothing that its resource does not allow`, async () => {
      const asked = (await askedBy('SWMGMT/REG/09', ...declares)).filter((a) => a.includes('/60000/'));
      const allowed = asked.map((a) => {
        const [operation = '', path = ''] = a.split(' ');
        const id = Number(path.split('/').at(-1));
        return SOFTWARE_MANAGEMENT.resources[id]?.operations.includes(operation);
      });
      expect(allowed, asked.join(', ')).to.deep.equal([true, true, true]);
    });
});
