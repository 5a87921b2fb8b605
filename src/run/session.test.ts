import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { memorySink } from '../core/events.ts';
import type { Registered } from '../core/registered.ts';
import type { Bench } from '../core/standard.ts';
import { session, type SessionContext } from './session.ts';

describe('run session', () => {
  it('records power and resets, for a judge to know that the device began anew', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'plumbline-session-'));
    const events = memorySink();
    const nothing = (): Promise<void> => Promise.resolve();
    const rig = { power: { off: nothing, on: nothing }, reset: { reset: nothing }, close: nothing };
    const task = { rig: { parts: {}, data: {} }, stateDir: folder, privateDir: folder };
    const context = { task, events, openRig: () => Promise.resolve(rig), setting: () => ({}) };
    let bench: Bench | undefined;
    const standard = {
      spec: 'FAKE',
      open: (on: Bench) => ((bench = on), Promise.resolve({ alive: nothing, close: nothing })),
    };
    try {
      await session(context as unknown as SessionContext).ready(standard as unknown as Registered);
      await bench?.power?.off();
      await bench?.power?.on();
      await bench?.reset?.reset();
      expect(events.events.map(({ type, data }) => ({ type, ...data }))).to.deep.equal([
        { type: 'power', on: false },
        { type: 'power', on: true },
        { type: 'reset' },
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
