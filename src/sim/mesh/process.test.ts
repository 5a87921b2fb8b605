import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { firmwareIdOf, makeImage } from './image.ts';

const MAIN = fileURLToPath(new URL('../../cli/main.js', import.meta.url));
const CENTRAL = fileURLToPath(new URL('../radio/endToEnd/meshCentral.js', import.meta.url));
const VERSION = '0200000000000000';
const UPDATED = { provisioned: 'done', filter: 'filter status', ready: 'ready' };

/** A node in a process of its own, as a rig starts it. */
async function startNode(
  state: string,
  words: readonly string[],
): Promise<{ ready: Record<string, string>; stop(): void }> {
  const child: ChildProcess = spawn(
    process.execPath,
    [MAIN, 'sim', 'mesh', '--state', state, '--scale', '0.05', '--link-scale', '0.2', ...words],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const { stdout, stdin } = child;
  if (stdout === null || stdin === null) throw new Error('no pipes to the node');
  const [line] = await new Promise<string[]>((resolve) =>
    createInterface({ input: stdout }).once('line', (text) => resolve([text])),
  );
  const { ready } = JSON.parse(line ?? '{}') as { ready: Record<string, string> };
  return { ready, stop: () => void stdin.end() };
}

describe('simulated mesh node as a process', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'plumbline-mesh-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  for (const [mode, words] of [
    ['PUSH', []],
    ['PUSH', ['--loss', '5', '--duplicate', '5']],
    ['PULL', []],
  ] as const)
    it(`is provisioned and updated over noble in ${mode} mode ${words.join(' ')}`, async function () {
      this.timeout(40_000);
      const { image, metadata } = makeImage(VERSION, 0, 900);
      const file = join(folder, 'image');
      writeFileSync(file, image);
      const node = await startNode(join(folder, 'state'), words);
      try {
        const { radio = '', uuid = '' } = node.ready;
        const { stdout } = await promisify(execFile)(process.execPath, [
          CENTRAL,
          `ble:h4:${radio}`,
          uuid,
          file,
          '',
          metadata.toString('hex'),
          '64',
          mode,
        ]);
        const { ms: _ms, connected: _connected, ...rest } = JSON.parse(stdout) as Record<string, unknown>;
        expect(rest).to.deep.equal({ ...UPDATED, firmware: [firmwareIdOf(VERSION).toString('hex')] });
      } finally {
        node.stop();
      }
    });
});
