import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { CaseRecord, RunRecord } from '../core/record.ts';
import { type Card, cardOf } from './card.ts';
import { needTool } from './fixture/tools.ts';
import { sampleRun } from './fixture/run.ts';
import { junitXml } from './junit.ts';

const SCHEMA = join(import.meta.dirname, '../../../src/report/vectors/junit.xsd');
const XMLLINT = '/usr/bin/xmllint';

const cardsOf = (run: RunRecord): Map<string, Card> =>
  new Map(
    run.cases.flatMap((c): [string, Card][] => {
      const card = cardOf(c, run, { runDir: '/nowhere' });
      return card === null ? [] : [[c.id, card]];
    }),
  );
const xmlOf = (run: RunRecord): string => junitXml(run, cardsOf(run));

/** Every opening tag with its attributes; enough of a parser for what we write ourselves. */
function tags(xml: string): { name: string; attributes: Record<string, string> }[] {
  return [...xml.matchAll(/<([a-z-]+)((?:\s+[\w.-]+="[^"<]*")*)\s*\/?>/g)].map((m) => ({
    name: m[1] ?? '',
    attributes: Object.fromEntries(
      [...(m[2] ?? '').matchAll(/([\w.-]+)="([^"]*)"/g)].map((a) => [a[1] ?? '', a[2] ?? '']),
    ),
  }));
}

const NASTY = 'a < b & "c" \u0000\u001b[31m ]]> \ud800 ü\n\tend';

describe('JUnit XML', () => {
  const run = sampleRun();

  it('has every case once, with failure for FAIL, error for ERROR and INCONC, skipped for the rest', () => {
    const all = tags(xmlOf(run));
    const count = (name: string): number => all.filter((t) => t.name === name).length;
    expect(count('testcase')).to.equal(run.cases.length);
    expect([count('failure'), count('error'), count('skipped')]).to.deep.equal([2, 2, 5]);
    const message = all.find((t) => t.name === 'skipped' && t.attributes['message']?.startsWith('FAIL, waived'));
    expect(message).to.not.equal(undefined);
  });

  it('counts per suite what it holds', () => {
    const suites = tags(xmlOf(run)).filter((t) => t.name === 'testsuite');
    const sum = (name: string): number => suites.reduce((n, s) => n + Number(s.attributes[name]), 0);
    expect([sum('tests'), sum('failures'), sum('errors'), sum('skipped')]).to.deep.equal([14, 2, 2, 5]);
    expect(suites.map((s) => s.attributes['id'])).to.deep.equal(suites.map((_, i) => String(i)));
  });

  it('carries the verdict card of a case that failed', () => {
    expect(xmlOf(run)).to.contain('statement  OCFSWU-T3.sva (table T3, row sva)');
  });

  const nasty = sampleRun({
    cases: run.cases.map(
      (c): CaseRecord => ({
        ...c,
        purpose: `${c.purpose} ${NASTY}`,
        notes: [NASTY],
        ...(c.reason === null ? {} : { reason: { ...c.reason, message: NASTY } }),
      }),
    ),
  });

  it('holds whatever a device says as text, without characters that XML cannot hold', () => {
    const xml = xmlOf(nasty);
    expect(xml).to.contain('a &lt; b &amp; &quot;c&quot; \uFFFD');
    expect(xml.replaceAll(/[\t\n\r]/g, '')).to.match(/^[^\p{Cc}\p{Cs}]*$/u);
    expect(tags(xml).filter((t) => t.name === 'testcase')).to.have.length(run.cases.length);
  });

  it('fits the schema that GitLab, GitHub and Jenkins readers agree on', function () {
    const xmllint = needTool(this, 'xmllint', existsSync(XMLLINT) ? XMLLINT : undefined);
    const fits = (xml: string): [number | null, string] => {
      const done = spawnSync(xmllint, ['--noout', '--schema', SCHEMA, '-'], { input: xml, encoding: 'utf8' });
      return [done.status, done.stderr.trim()];
    };
    for (const r of [run, nasty, sampleRun({ cases: [] })]) expect(fits(xmlOf(r))).to.deep.equal([0, '- validates']);
    expect(fits(xmlOf(run).replace('<failure ', '<failed '))[0]).to.not.equal(0);
  });
});
