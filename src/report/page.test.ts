import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { CaseRecord, RunRecord } from '../core/record.ts';
import { caseAnchor, itemAnchor } from './anchor.ts';
import { type Card, cardOf } from './card.ts';
import { findChromium, inBrowser, DESKTOP, PHONE } from './fixture/browser.ts';
import { printSample } from './fixture/events.ts';
import { sampleRun, writeSampleRun } from './fixture/run.ts';
import { needTool } from './fixture/tools.ts';
import { fetchedHosts } from './outside.ts';
import { conformancePage, icsPage } from './page.ts';
import { DARK, LIGHT, type Palette } from './palette.ts';

const run = sampleRun();

describe('the conformance page', () => {
  let runDir: string;
  const pageOf = (r: RunRecord): string => {
    const cards = r.cases.flatMap((c): [string, Card][] => {
      const card = cardOf(c, r, { runDir, print: printSample });
      return card === null ? [] : [[c.id, card]];
    });
    return conformancePage(r, new Map(cards), 'sha256:0123');
  };
  let page: string;
  before(() => {
    runDir = mkdtempSync(join(tmpdir(), 'plumbline-page-'));
    writeSampleRun(runDir, run);
    page = pageOf(run);
    writeFileSync(join(runDir, 'conformance.html'), page);
  });
  after(() => rmSync(runDir, { recursive: true }));
  const row = (item: string): string => page.slice(page.indexOf(`id="${itemAnchor(item)}"`)).split('</tr>')[0] ?? '';

  it('is one file that fetches nothing and forbids it besides', () => {
    expect(fetchedHosts(page)).to.deep.equal([]);
    expect(page).to.contain("default-src 'none'").and.not.contain('<script').and.not.contain('<link');
  });

  it('holds every item of the filled-in proforma with its answer, and the verdicts that bear on it', () => {
    for (const { item } of run.ics.sheets.flatMap((s) => s.tables.filter((t) => t.applicable).flatMap((t) => t.items)))
      expect(row(item), item).to.contain(item);
    expect(row('OCFSWU 4/2'))
      .to.contain('<b>Yes</b>')
      .and.contain('FAIL')
      .and.contain(`#${caseAnchor('OCFSWU/TRIG/04')}`);
    expect(row('OCFSWU 3/1')).to.contain('PASS').and.contain('RET/02');
    expect(row('DFUM 3/1')).to.contain('NOT RUN').and.contain('also read by').and.contain('FUS/08');
    expect(page).to.contain('does not apply: its prerequisite DFUM 3/2 is not supported');
  });

  it('leaves no verdict without a place, also where its item stands in no table', () => {
    const cases = run.cases.map(
      (c): CaseRecord => (c.id === 'OCFSWU/RET/02' ? { ...c, item: 'ELSE 1/1', items: ['ELSE 1/1'] } : c),
    );
    expect(pageOf(sampleRun({ cases })))
      .to.contain('Verdicts at items outside these tables')
      .and.contain('ELSE 1/1');
  });

  it('leads from every verdict that is not PASS to its card or its row', () => {
    const links = [...page.matchAll(/href="#([^"]+)"/g)].map((m) => m[1]);
    const ids = new Set([...page.matchAll(/\sid="([^"]+)"/g)].map((m) => m[1]));
    expect(links.filter((link) => !ids.has(link))).to.deep.equal([]);
    expect(ids.size).to.equal([...page.matchAll(/\sid="([^"]+)"/g)].length);
  });

  it('shows cards, policies, IXIT, waivers, notes, the not-run list with reasons, versions and digests', () => {
    for (const text of [
      'notify 5: swupdatestate sva',
      'plumbline run --ics ics/declarations/lamp.yaml',
      'Which names of states count?',
      'env:LAMP_PSK',
      'R. Weaver',
      'mended in 1.5.0',
      'refused with 4.00, expected 4.05',
      'IXIT imageCorrupt is not declared',
      'plumbline 0.1.0',
      'sha256:9b74c9897bac770ffc029102a200c5de',
      'sha256:77ab01cd9e42',
      'sha256:0123',
      'related: DFUM/SR/FU/BV-01-C',
    ])
      expect(page).to.contain(text);
  });

  it('stamps a run on an inconsistent ICS and an incomplete one, on the page and at the head of every printed page', () => {
    const stamped = pageOf(sampleRun({ state: 'incomplete', ics: { ...run.ics, consistent: false, anyway: true } }));
    expect(stamped).to.contain('<p class="stamp" role="note">Run on an inconsistent ICS</p>');
    expect(stamped).to.contain('<p class="stamp" role="note">Incomplete: the run was not settled</p>');
    expect(stamped).to.match(/@top-left\{content:"[^"]*incomplete[^"]*run on an inconsistent ICS"/);
    expect(page).to.not.contain('class="stamp" role');
  });

  it('shows a command that a likely cause names as a command', () => {
    expect(page).to.contain('run <code>plumbline rig check</code> before the next run');
  });

  it('takes nothing that a device says as markup', () => {
    const evil = '<img src=x onerror=alert(1)> </style>';
    const cases = run.cases.map(
      (c): CaseRecord => ({
        ...c,
        purpose: evil,
        notes: [evil],
        ...(c.reason === null ? {} : { reason: { ...c.reason, message: evil } }),
      }),
    );
    const text = pageOf(sampleRun({ cases, product: { vendor: evil, name: evil, version: evil } }));
    expect(text).to.not.contain('<img');
    expect(text.split('</style>')).to.have.length(2);
  });

  it('is marked up for screen readers: one h1, no level left out, captions, headed rows and columns', () => {
    const levels = [...page.matchAll(/<h([1-6])/g)].map((m) => Number(m[1]));
    expect(levels.filter((l) => l === 1)).to.have.length(1);
    for (const [i, level] of levels.entries()) expect(level - (levels[i - 1] ?? 0), `heading ${i}`).to.be.at.most(1);
    const tables = page.split('<table').slice(1);
    expect(tables.every((t) => t.includes('<caption>'))).to.equal(true);
    expect(page).to.contain('<html lang="en">').and.contain('<main').and.contain('aria-label="Contents"');
  });

  describe('of a declaration alone', () => {
    it('shows the answers and the findings at their items, with the smallest change, and no verdicts', () => {
      const finding = {
        rule: 'mandatory',
        item: 'DFUM 11/2',
        message: 'must be supported',
        condition: 'C.2: M if not MESH 7/4',
        clause: '2.1.1',
        fix: 'set DFUM 11/2 to yes',
      };
      const text = icsPage(run.product, { ...run.ics, consistent: false, findings: [finding] });
      const at = text.slice(text.indexOf(`id="${itemAnchor('DFUM 11/2')}"`)).split('class="below"')[1] ?? '';
      expect(at).to.contain('must be supported').and.contain('set DFUM 11/2 to yes');
      expect(text).to.contain('Inconsistent: 1 finding').and.not.contain('Verdicts');
    });

    it('says that it is consistent where it is', () => {
      expect(icsPage(run.product, run.ics)).to.contain('The declaration is consistent.');
    });
  });

  describe('in Chromium', function () {
    this.timeout(30_000);

    it('opens from disk, asks for nothing, and is nowhere wider than a desktop or a phone', async function () {
      const chromium = needTool(this, 'chromium', findChromium());
      const url = `file://${join(runDir, 'conformance.html')}`;
      for (const options of [DESKTOP, PHONE]) {
        const widths: number[] = [];
        const asked = await inBrowser(chromium, url, options, async (p) => {
          widths.push(
            ...(await p.locator('html').evaluate((e) => [e.scrollWidth, e.ownerDocument.defaultView?.innerWidth ?? 0])),
          );
        });
        expect(asked).to.deep.equal([]);
        expect(widths[0]).to.equal(options.viewport?.width);
      }
    });

    it('prints on A4, with every section and no page wider than the paper', async function () {
      const chromium = needTool(this, 'chromium', findChromium());
      const pdf = join(runDir, 'page.pdf');
      await inBrowser(chromium, `file://${join(runDir, 'conformance.html')}`, DESKTOP, async (p) => {
        await p.pdf({ path: pdf, preferCSSPageSize: true, printBackground: true });
      });
      const raw = readFileSync(pdf, 'latin1');
      const boxes = [...raw.matchAll(/\/MediaBox\s*\[\s*0\s+0\s+([\d.]+)\s+([\d.]+)\s*\]/g)];
      expect(boxes.length).to.be.within(4, 10);
      for (const [, width, height] of boxes) {
        expect(Number(width)).to.be.closeTo(595.3, 1);
        expect(Number(height)).to.be.closeTo(841.9, 1);
      }
    });
  });
});

/** Contrast of two colours as WCAG 2 defines it. */
function contrast(a: string, b: string): number {
  const luminance = (hex: string): number => {
    const [r = 0, g = 0, blue = 0] = [1, 3, 5].map((i) => {
      const c = Number.parseInt(hex.slice(i, i + 2), 16) / 255;
      return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * blue;
  };
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

describe('the colours of the conformance page', () => {
  const check = (name: string, p: Palette): void => {
    it(`have a contrast of at least 4.5 in ${name}`, () => {
      for (const ink of [p.ink, p.muted, p.link]) {
        expect(contrast(ink, p.paper), `${ink} on paper`).to.be.at.least(4.5);
        expect(contrast(ink, p.panel), `${ink} on panel`).to.be.at.least(4.5);
      }
      for (const [verdict, { ink, tint }] of Object.entries(p.verdicts)) {
        expect(contrast(ink, tint), `${verdict} on its tint`).to.be.at.least(4.5);
        expect(contrast(ink, p.paper), `${verdict} on paper`).to.be.at.least(4.5);
        expect(contrast(p.ink, tint), `ink on the tint of ${verdict}`).to.be.at.least(4.5);
        expect(contrast(p.muted, tint), `muted on the tint of ${verdict}`).to.be.at.least(4.5);
      }
    });
  };
  check('light', LIGHT);
  check('dark', DARK);
});
