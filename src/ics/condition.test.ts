import { expect } from 'chai';
import { compileCascade, itemsOfCascade, outcomesOf, parseCascade } from './cascade.ts';
import { evaluate, itemsOf, type Names, NO, parseCondition, type Truth, UNANSWERED, YES } from './condition.ts';

const known = ['A 1/1', 'A 1/2', 'B 1/1', 'B 2/1'];
const names: Names = { has: (n) => known.includes(n), all: () => known, home: 'A' };
const parse = (text: string) => parseCondition(text, names);

/** Evaluates with `A 1/1` as a, `A 1/2` as b, `B 1/1` as c. */
function value(text: string, a: Truth, b: Truth, c: Truth): Truth {
  const values = new Map<string, Truth>([
    ['A 1/1', a],
    ['A 1/2', b],
    ['B 1/1', c],
  ]);
  return evaluate(parse(text), (item) => values.get(item) ?? UNANSWERED).truth;
}

describe('the condition language', () => {
  it('binds not closer than and, and closer than or', () => {
    for (const a of [NO, YES] as const)
      for (const b of [NO, YES] as const)
        for (const c of [NO, YES] as const) {
          const [x, y, z] = [a === YES, b === YES, c === YES];
          const cases: [string, boolean][] = [
            ['A 1/1 or A 1/2 and B 1/1', x || (y && z)],
            ['A 1/1 and A 1/2 or B 1/1', (x && y) || z],
            ['not A 1/1 and A 1/2', !x && y],
            ['not (A 1/1 and A 1/2)', !(x && y)],
            ['(A 1/1 or A 1/2) and not not B 1/1', (x || y) && z],
            ['always and A 1/1', x],
          ];
          for (const [text, expected] of cases) expect(value(text, a, b, c), text).to.equal(expected ? YES : NO);
        }
  });

  it('is open exactly where an unanswered item decides', () => {
    expect(value('A 1/1 and A 1/2', NO, UNANSWERED, NO)).to.equal(NO);
    expect(value('A 1/1 and A 1/2', YES, UNANSWERED, NO)).to.equal(UNANSWERED);
    expect(value('A 1/1 or A 1/2', YES, UNANSWERED, NO)).to.equal(YES);
    expect(value('not A 1/1', UNANSWERED, NO, NO)).to.equal(UNANSWERED);
  });

  it('explains itself by the values of the items it names', () => {
    const { values } = evaluate(parse('B 1/1 or not 1/1'), (item) => (item === 'B 1/1' ? NO : YES));
    expect([...values]).to.deep.equal([
      ['B 1/1', NO],
      ['A 1/1', YES],
    ]);
  });

  it('takes short names of its own proforma, and names each item once', () => {
    expect(itemsOf(parse('1/1 and (B 2/1 or 1/1)'))).to.deep.equal(['A 1/1', 'B 2/1']);
    expect(() => parseCondition('1/1', { has: () => true, all: () => [] })).to.throw(
      /must be written with its proforma/,
    );
  });

  for (const [text, message] of [
    ['A 1/3', /unknown item A 1\/3; the nearest known name is A 1\/[12]$/],
    ['C 1/1', /unknown item C 1\/1; the nearest known name is [AB] 1\/1$/],
    ['A 1/1 A 1/2', /character 7: expected "and", "or" or the end, found "A 1\/2"/],
    ['(A 1/1 or A 1/2', /character 16: expected "\)", found the end/],
    ['A 1/1)', /character 6: .* found "\)"/],
    ['A 1/1 and', /character 10: expected an item, .* found the end/],
    ['A 1/1 & A 1/2', /character 7: .* found "&"/],
    ['A 1/1 xor A 1/2', /found "xor"/],
    ['', /found the end/],
    ['never', /found "never"/],
  ] as const) {
    it(`refuses "${text}" and says where`, () => expect(() => parse(text)).to.throw(message));
  }
});

describe('a value that depends on items', () => {
  const run = (text: string, a: Truth, b: Truth): string => {
    const cascade = parseCascade(text, names);
    const values = outcomesOf(cascade);
    const test = compileCascade(
      cascade,
      (i) => known.indexOf(i),
      (v) => values.indexOf(v),
      values.length,
    );
    return [...values, 'open'][test(Int8Array.from([a, b, UNANSWERED, UNANSWERED]))] ?? '';
  };
  it('is the first branch that holds', () => {
    const text = 'M if A 1/1, X if A 1/2, else O';
    expect(run(text, YES, YES)).to.equal('M');
    expect(run(text, NO, YES)).to.equal('X');
    expect(run(text, NO, NO)).to.equal('O');
    expect(run(text, UNANSWERED, YES)).to.equal('open');
    expect(run('M', NO, NO)).to.equal('M');
  });
  it('names its items and outcomes', () => {
    const cascade = parseCascade('O.1 if not 1/1, M if B 1/1 and 1/1, else N/A', names);
    expect(itemsOfCascade(cascade)).to.deep.equal(['A 1/1', 'B 1/1']);
    expect(outcomesOf(cascade)).to.deep.equal(['O.1', 'M', 'N/A']);
  });
  for (const text of ['M if A 1/1', 'M if A 1/1, O', 'M, else O', 'M if, else O', 'M if A 9/9, else O']) {
    it(`refuses "${text}"`, () => expect(() => parseCascade(text, names)).to.throw(/expected|unknown item/));
  }
});
