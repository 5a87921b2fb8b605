import { expect } from 'chai';
import { caseOf } from '../../src/core/testing/written.ts';
import { ixitOf } from '../../src/core/ixit.ts';
import { decodeContent, printFormat } from '../../src/lwm2m/codec/content.ts';
import { printPath } from '../../src/lwm2m/codec/path.ts';
import { SOFTWARE_MANAGEMENT } from '../../src/lwm2m/codec/definitions.ts';
import type { T } from './moves.ts';
import { LWM2M_SUITES } from './suites.ts';
import { judged } from './written.ts';

/** What a case asks of a device that declares these items, as `operation path`. */
async function askedBy(id: string, ...declares: string[]): Promise<string[]> {
  const asked: string[] = [];
  const verb = (name: string) => (path: readonly number[]) => {
    asked.push(`${name} ${printPath(path)}`);
    return Promise.resolve();
  };
  const t = {
    ixit: ixitOf({ instance: 0, newInstance: 1 }),
    mark: () => undefined,
    perhaps: () => Promise.resolve(),
    stop(reason: string) {
      throw new Error(reason);
    },
    create(_object: number, payload: Buffer, _label: string, { format }: { readonly format: number }) {
      const content = decodeContent(format, [9], payload);
      const holds = content.ok ? content.entries.map(({ path }) => printPath(path)).join(' ') : content.reason;
      asked.push(`C ${printFormat(format)} ${holds}`);
      return Promise.resolve();
    },
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

describe('LwM2M drives: a Create', () => {
  const created = async (...declares: string[]): Promise<string | undefined> =>
    (await askedBy('SWMGMT/MUL/03', ...declares)).find((asked) => asked.startsWith('C'));
  const [SUPPORTED_OBJECTS, SENML_JSON, SENML_CBOR, TLV] = ['SWMGMT 3/9', 'SWMGMT 9/4', 'SWMGMT 9/5', 'SWMGMT 9/6'];
  it('is empty in TLV', async () => {
    expect(await created(TLV, SENML_CBOR, SUPPORTED_OBJECTS)).to.equal('C tlv (11542) /9/1');
  });
  it('carries a value in formats that have no empty instance', async () => {
    expect(await created(SENML_JSON, SENML_CBOR, SUPPORTED_OBJECTS)).to.equal('C senmlCbor (112) /9/1/8');
    expect(await created(SENML_JSON, SUPPORTED_OBJECTS)).to.equal('C senmlJson (110) /9/1/8');
  });
  it('is left out where there is nothing to write', async () => {
    const reason = await created(SENML_JSON).catch((e: Error) => e.message);
    expect(reason).to.equal('the device has no format for an empty Create');
    expect(judged('SWMGMT/MUL/03', () => undefined, { declares: [SENML_JSON] }).verdict).to.equal('INCONC');
  });
});
