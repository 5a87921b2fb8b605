import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { CaseRecord, RunRecord } from '../core/record.ts';
import { DESKTOP, findChromium, inBrowser } from './fixture/browser.ts';
import { printSample } from './fixture/events.ts';
import { sampleRun, writeSampleRun } from './fixture/run.ts';
import { needTool } from './fixture/tools.ts';
import { fetchedHosts } from './outside.ts';
import { historyFile, withoutTracking } from './site.ts';
import { writeReports } from './write.ts';

const TEMPLATE = `<head></head><body><script async src="https://www.googletagmanager.com/gtag/js?id=G-1"></script>
<script>
  window.dataLayer = window.dataLayer || [];
  gtag('config', 'G-1');
</script>
<script>window.kept = 1;</script></body>`;

describe('the tracking block of the report generator', () => {
  it('is cut out, and nothing else', () => {
    const clean = withoutTracking(TEMPLATE);
    expect(clean).to.not.contain('googletagmanager').and.not.contain('dataLayer');
    expect(clean).to.contain('<script>window.kept = 1;</script>');
  });

  it('stops the report where it stands there in a way that is not known', () => {
    const other = TEMPLATE.replace('async src', 'defer src');
    expect(() => withoutTracking(other)).to.throw('tracking');
  });
});

describe('Allure site', function () {
  this.timeout(60_000);
  let root: string;
  let index: string;

  const make = async (name: string, over: Partial<RunRecord> = {}): Promise<string> => {
    const dir = join(root, name);
    writeSampleRun(dir, sampleRun({ run: name, ...over }));
    return (await writeReports(dir, { print: printSample })).allureReport ?? '';
  };
  const points = (): { name: string; timestamp: number }[] =>
    readFileSync(historyFile(join(root, 'x'), sampleRun()), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { name: string; timestamp: number });

  before(async () => {
    root = mkdtempSync(join(tmpdir(), 'plumbline-site-'));
    const mended = sampleRun().cases.map(
      (c): CaseRecord =>
        c.id === 'OCFSWU/TRIG/04'
          ? { ...c, verdict: 'PASS', reason: null, statements: { 'OCFSWU-T3.sva': 'PASS' } }
          : c,
    );
    await make('run-2', { startedAt: '2026-11-20T14:00:00.000Z', cases: mended });
    index = await make('run-3', { startedAt: '2026-11-21T14:00:00.000Z' });
  });
  after(() => rmSync(root, { recursive: true, force: true }));

  it('is one file that names no outside host for a browser to fetch from', () => {
    const html = readFileSync(index, 'utf8');
    expect(html).to.contain('run-3');
    expect(fetchedHosts(html)).to.deep.equal([]);
  });

  it('keeps the runs of a product in the order of their start, each once, whenever reports are made', async () => {
    await make('run-1', { startedAt: '2026-11-19T14:00:00.000Z' });
    await make('run-1', { startedAt: '2026-11-19T14:00:00.000Z' });
    expect(points().map((p) => p.name)).to.deep.equal(['run-1', 'run-2', 'run-3']);
    expect(points()[0]?.timestamp).to.equal(Date.parse('2026-11-19T14:00:00.000Z'));
  });

  it('opens from disk in Chromium: tree by standard, table and item, card, earlier runs of the device; and asks no outside host', async function () {
    const chromium = needTool(this, 'chromium', findChromium());
    let tree = '';
    let card = '';
    let history = '';
    const asked = await inBrowser(chromium, `file://${index}`, DESKTOP, async (page) => {
      await page.getByText('OCFSWU/TRIG/04').waitFor();
      tree = await page.locator('body').innerText();
      await page.getByText('OCFSWU/TRIG/04').click();
      await page.getByText('packet').waitFor();
      card = await page.locator('body').innerText();
      await page.getByText('History').first().click();
      await page.getByText(' at 14:00:0').first().waitFor();
      history = await page.locator('body').innerText();
    });
    expect(asked).to.deep.equal([]);
    const at = [
      'DFUM · ',
      'Table 11 · Update Server',
      'DFUM 11/02 · Push mode',
      'OCFSWU · ',
      'Table 04 · ',
      'OCFSWU 04/02',
    ].map((s) => tree.indexOf(s));
    expect(at).to.not.include(-1);
    expect(at).to.deep.equal([...at].sort((a, b) => a - b));
    expect(tree).to.contain('Example Lamp 1.4.2');
    expect(card).to.contain('OCFSWU-T3.sva').and.contain('notify 5: swupdatestate sva');
    expect(history).to.match(/History\s+1\b/);
  });
});
