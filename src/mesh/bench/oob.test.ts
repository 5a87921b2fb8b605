import { expect } from 'chai';
import { BenchError } from '../../core/errors.ts';
import { inputAction, outputAction } from '../codec/provisioning.ts';
import { chosenValue, oobHelper } from './oob.ts';
import { rigEntries } from './rigEntries.ts';

const { OUTPUT_NUMERIC, OUTPUT_ALPHANUMERIC } = outputAction;
const { INPUT_NUMERIC, INPUT_ALPHANUMERIC, PUSH } = inputAction;

/** A console that gives this answer, and what it was told. */
function consoleThatSays(answer: string) {
  const told: string[] = [];
  const say = (verb: string, values: object): Promise<string> => {
    told.push(`${verb} ${JSON.stringify(values)}`);
    return Promise.resolve(answer);
  };
  return { told, helper: oobHelper('console', {}, { say }) };
}

const failure = (part: Promise<unknown>): Promise<unknown> =>
  part.then(
    () => 'no error',
    (e: unknown) => e,
  );

describe('authentication values at the device', () => {
  it('are read from the last word that the console says', async () => {
    expect(await consoleThatSays('ok 004711').helper.read(OUTPUT_NUMERIC, 6)).to.equal(4711);
    expect(await consoleThatSays('OOB number: 123456.').helper.read(OUTPUT_NUMERIC, 6)).to.equal(123_456);
    expect(await consoleThatSays('OOB string: ab12').helper.read(OUTPUT_ALPHANUMERIC, 4)).to.equal('AB12');
  });

  it('are refused where the console knows of none, or tells one too long', async () => {
    for (const answer of ['error nothing is shown', 'ok', 'ok 1234567'])
      expect(await failure(consoleThatSays(answer).helper.read(OUTPUT_NUMERIC, 6)), answer).to.be.instanceOf(
        BenchError,
      );
    expect(await failure(consoleThatSays('error not now').helper.enter(INPUT_NUMERIC, 1))).to.be.instanceOf(BenchError);
  });

  it('are entered by the console', async () => {
    const { told, helper } = consoleThatSays('ok');
    await helper.enter(INPUT_NUMERIC, 4711);
    expect(told).to.deep.equal(['enter {"value":4711}']);
  });

  it('are asked of the person at the bench, and told to that person', async () => {
    const asked: string[] = [];
    const ask = (text: string): Promise<string> => {
      asked.push(text);
      return Promise.resolve(' 17 ');
    };
    const helper = oobHelper('operator', { ask }, { say: () => Promise.resolve('') });
    expect(await helper.read(outputAction.BLINK, 2)).to.equal(17);
    await helper.enter(INPUT_NUMERIC, 4711);
    expect(asked).to.deep.equal([
      'Count how often the device blinks and type it here',
      'Enter this number on the device: 4711',
    ]);
    const alone = oobHelper('operator', {}, { say: () => Promise.resolve('') });
    expect(await failure(alone.read(OUTPUT_NUMERIC, 6))).to.be.instanceOf(BenchError);
  });

  it('are chosen as the device can take them', () => {
    for (let i = 0; i < 50; i++) {
      expect(chosenValue(INPUT_NUMERIC, 4)).to.be.within(1, 9999);
      expect(chosenValue(PUSH, 4)).to.be.within(1, 9);
      expect(chosenValue(INPUT_ALPHANUMERIC, 4)).to.match(/^[A-Z0-9]{4}$/);
    }
  });
});

describe('mesh rig entries for authentication', () => {
  const entries = (values: Readonly<Record<string, string>>) => ({
    has: (name: string) => values[name] !== undefined,
    address: (name: string) => values[name] ?? '',
  });
  const base = { ble: 'ble:hci0', uuid: '00112233445566778899aabbccddeeff' };

  it('name who reads or enters the value', () => {
    expect(rigEntries(entries({ ...base, outputOob: 'operator' }))).to.deep.include({
      auth: { kind: 'output' },
      helper: 'operator',
    });
    expect(rigEntries(entries({ ...base, inputOob: 'console' }))).to.deep.include({ helper: 'console' });
  });
  it('refuse another helper, and two ways at once', () => {
    expect(() => rigEntries(entries({ ...base, outputOob: 'yes' })))
      .to.throw(BenchError)
      .with.nested.property('place.where', 'iut.DFUM.outputOob');
    expect(() => rigEntries(entries({ ...base, outputOob: 'console', inputOob: 'console' }))).to.throw(/one of/);
  });
});
