import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { parse } from 'yaml';
import { ZIGBEE } from '../../src/zigbee/standard.ts';
import { ZIGBEE_SUITES } from './suites.ts';

const cases = ZIGBEE_SUITES.flatMap((s) => s.cases);
const declared = ZIGBEE_SUITES.flatMap((s) => s.declared);

/** The numbers of the purposes, from and to, of each group. */
const PURPOSES = {
  CLI: [
    [1, 6],
    [10, 24],
    [30, 45],
    [50, 78],
    [80, 107],
    [110, 111],
  ],
  SRV: [
    [1, 2],
    [10, 15],
    [20, 31],
    [40, 54],
    [60, 68],
    [70, 70],
    [80, 82],
  ],
} as const;

describe('Zigbee suites', () => {
  it('have all purposes of both roles', () => {
    const wanted = Object.entries(PURPOSES).flatMap(([group, ranges]) =>
      ranges.flatMap(([from, to]) =>
        Array.from({ length: to - from + 1 }, (_, i) => `ZBOTA/${group}/${String(from + i).padStart(3, '0')}`),
      ),
    );
    expect([...cases, ...declared].map((c) => c.id).sort()).to.deep.equal(wanted.sort());
    expect(wanted).to.have.length(96 + 48);
  });
  it('start on rungs of the ladder', () => {
    expect(cases.map((c) => c.start).filter((rung) => ZIGBEE.ladder[rung] === undefined)).to.deep.equal([]);
  });
  it('judge statements that exist', () => {
    const file = new URL('../../ics/statements/zbota.yaml', import.meta.url.replace('/dist/suites/', '/suites/'));
    const { statements } = parse(readFileSync(file, 'utf8')) as { statements: { id: string }[] };
    const known = new Set(statements.map((s) => s.id));
    expect([...cases, ...declared].flatMap((c) => c.statements).filter((s) => !known.has(s))).to.deep.equal([]);
  });
});
