import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BenchError, TesterError } from '../core/errors.ts';
import type { RunHead, RunRecord } from '../core/record.ts';
import { CATEGORY_RULES, deviceName, environmentOf } from './allure.ts';
import { historyBefore, keepPoint } from './history.ts';

/** Labels that only other tools need; not `verdict`, because a hidden label cannot sort results into categories. */
const HIDDEN = ['case', 'device', 'rig', 'item'];

/** How long the generator may take before it counts as stuck; 60 results take about 2 s. */
const GENERATE_LIMIT_MS = 300_000;

/** Runs the generator in a process of its own: its main module runs on import, and its exit must not be ours. */
async function generate(args: readonly string[], cwd: string): Promise<void> {
  const cli = fileURLToPath(import.meta.resolve('allure'));
  const child = spawn(process.execPath, [cli, 'generate', ...args], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: GENERATE_LIMIT_MS,
  });
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (d: Buffer) => said.push(d.toString('utf8')));
  const code = await new Promise<number | null>((done, fail) => {
    child.on('error', fail);
    child.on('close', done);
  });
  if (code !== 0)
    throw new BenchError(
      'allure',
      `the report generator ended with ${code ?? 'a signal'}: ${said.join('').trim().slice(-2000)}`,
    );
}

/** The block as the generator's template has it. */
const TRACKING =
  /<script async src="https:\/\/www\.googletagmanager\.com\/[^>]*><\/script>\s*<script>\s*window\.dataLayer[\s\S]*?<\/script>\s*/;

/** The generator puts Google's tag manager into every page, hard-coded; a lab's report must ask no outside host. */
export function withoutTracking(html: string): string {
  const clean = html.replace(TRACKING, '');
  if (/<script[^>]*googletagmanager|window\.dataLayer/.test(clean))
    throw new TesterError('allure', 'the report generator loads a tracking script in a way that is not known');
  return clean;
}

/** File in which the runs of a product are kept for Allure's trend and history, next to the run folders. */
export function historyFile(runDir: string, run: RunHead): string {
  return join(dirname(runDir), `history-${slug(run.product['vendor'], run.product['name'])}.jsonl`);
}

/** Lower-case letters, digits and hyphens: a file name, and an environment id that Allure accepts. */
function slug(...parts: readonly (string | undefined)[]): string {
  const text = parts.filter((part) => part !== undefined).join('-');
  return text
    .normalize('NFKD')
    .replaceAll(/[^A-Za-z0-9]+/g, '-')
    .toLowerCase();
}

/** Makes the browsable report as one file that opens from disk: standard, table, item, case. Returns its path. */
export async function writeSite(runDir: string, resultsDir: string, run: RunRecord): Promise<string> {
  const work = await mkdtemp(join(tmpdir(), 'plumbline-allure-'));
  const device = slug(deviceName(run));
  const startedAt = Date.parse(run.startedAt);
  const history = historyFile(runDir, run);
  const workHistory = join(work, 'history.jsonl');
  const out = join(work, 'out');
  try {
    await writeFile(workHistory, historyBefore(history, run.run, startedAt));
    const config = {
      name: run.run,
      output: out,
      historyPath: workHistory,
      environment: device,
      environments: { [device]: { name: deviceName(run), variables: environmentOf(run) } },
      categories: CATEGORY_RULES,
      hideLabels: HIDDEN,
      plugins: {
        awesome: {
          options: {
            reportName: run.run,
            singleFile: true,
            groupBy: ['epic', 'feature', 'story'],
            // As the proforma has its tables and items; their numbers are padded for that.
            defaultSortBy: 'name,asc',
          },
        },
      },
    };
    await writeFile(join(work, 'allurerc.json'), JSON.stringify(config));
    await generate(['--config', join(work, 'allurerc.json'), resolve(resultsDir)], work);
    const html = withoutTracking(await readFile(join(out, 'index.html'), 'utf8'));
    const target = join(runDir, 'allure-report');
    await rm(target, { recursive: true, force: true });
    await mkdir(target, { recursive: true });
    await writeFile(join(target, 'index.html'), html);
    await keepPoint(history, await readFile(workHistory, 'utf8'), run.run, startedAt);
    return join(target, 'index.html');
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
