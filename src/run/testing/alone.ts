import { testBench } from './bench.ts';

/** A run in a process of its own, for the test that kills the parent: prints its folder, then runs the cases named. */
const bench = testBench();
process.stdout.write(`${bench.folder}\n`);
const { record } = await bench.run(process.argv.slice(2), {
  lease: { beatMs: 50, expiryMs: 400 },
  progress: {
    started: ({ dir }) => void process.stdout.write(`dir ${dir}\n`),
    waiting: () => undefined,
    attempt: (id) => void process.stdout.write(`attempt ${id}\n`),
    transfer: () => undefined,
    done: () => undefined,
    trouble: () => undefined,
    finished: () => undefined,
  },
});
process.stdout.write(`${record.state}\n`);
