import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Page } from 'playwright-core';
import { messageOf } from '../core/errors.ts';
import { DESKTOP, findChromium, inBrowser, PHONE } from './fixture/browser.ts';

interface Shot {
  readonly name: string;
  /** Within the folder of the run. */
  readonly page: string;
  readonly options: Parameters<typeof inBrowser>[2];
  take(page: Page, path: string): Promise<void>;
}

/** Sharp enough, and each picture below 300 kB. */
const CRISP = { ...DESKTOP, deviceScaleFactor: 1.5 };

const whole = async (page: Page, path: string): Promise<void> => void (await page.screenshot({ path }));

/** The table of the proforma that the picture begins with: properties, counted from 0. */
const PICTURED_TABLE = 2;

/** What the README shows. */
const SHOTS: readonly Shot[] = [
  { name: 'conformance', page: 'conformance.html', options: CRISP, take: whole },
  { name: 'conformance-phone', page: 'conformance.html', options: PHONE, take: whole },
  {
    name: 'proforma',
    page: 'conformance.html',
    options: CRISP,
    async take(page, path) {
      await page
        .locator('main section:has(table.sheet) h3')
        .nth(PICTURED_TABLE)
        .evaluate((heading) => heading.scrollIntoView());
      await whole(page, path);
    },
  },
  {
    name: 'verdict-card',
    page: 'conformance.html',
    options: CRISP,
    take: async (page, path) => void (await page.locator('article.card').last().screenshot({ path })),
  },
  {
    name: 'allure-tree',
    page: 'allure-report/index.html',
    options: CRISP,
    async take(page, path) {
      await page.getByText('Environment: "').waitFor();
      await whole(page, path);
    },
  },
];

/** Takes the README's pictures from the reports of a run. Exit code 0 also where there is no Chromium, unless tools are required. */
async function main([run, out]: readonly string[]): Promise<number> {
  if (run === undefined || out === undefined) {
    process.stderr.write('usage: node dist/src/report/screenshots.js <folder of a run> <folder for the pictures>\n');
    return 2;
  }
  const chromium = findChromium();
  if (chromium === undefined) {
    process.stderr.write(
      'SKIPPED: no Chromium on this machine; install it (Debian: chromium) or set PLUMBLINE_CHROMIUM\n',
    );
    return process.env['PLUMBLINE_REQUIRE_TOOLS'] === '1' ? 1 : 0;
  }
  mkdirSync(out, { recursive: true });
  for (const { name, page, options, ...shot } of SHOTS) {
    const path = join(out, `${name}.png`);
    const asked = await inBrowser(chromium, `file://${resolve(run, page)}`, options, (p) => shot.take(p, path));
    if (asked.length > 0) throw new Error(`${page} asked for ${asked.join(', ')}`);
    process.stdout.write(`${path}\n`);
  }
  return 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (e) {
  process.stderr.write(`${messageOf(e)}\n`);
  process.exitCode = 1;
}
