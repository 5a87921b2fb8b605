import { Duplex } from 'node:stream';

/** The far end of a console: answers each line with what the script says; what comes out can be connected to again. */
export function fakeTerminal(script: (line: string) => string | undefined): () => Promise<Duplex> {
  return () => {
    const stream = new Duplex({
      read: () => undefined,
      write(chunk: Buffer, _encoding, done) {
        for (const line of chunk
          .toString()
          .split(/\r?\n|\r/)
          .filter((l) => l !== '')) {
          const answer = script(line);
          if (answer !== undefined) stream.push(`${answer}\n`);
        }
        done();
      },
    });
    return Promise.resolve(stream);
  };
}
