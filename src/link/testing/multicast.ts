import { memorySink } from '../../core/events.ts';
import { openUdp } from '../udp.ts';

const GROUP = '224.0.1.187';
const LOOPBACK = '127.0.0.1';
/** Real milliseconds between two tries, and until it counts as not heard. */
const AGAIN_MS = 10;
const LIMIT_MS = 2000;

/** Whether this computer carries multicast over its loopback interface; containers and build servers may not. */
export async function multicastOnLoopback(): Promise<boolean> {
  const listener = await openUdp({ host: '0.0.0.0', port: 0, sink: memorySink(), channel: 'probe' });
  const speaker = await openUdp({ host: LOOPBACK, port: 0, sink: memorySink(), channel: 'probe' });
  let heard = false;
  listener.onReceive(() => (heard = true));
  try {
    listener.join(GROUP, LOOPBACK);
    speaker.multicastFrom(LOOPBACK);
    const end = performance.now() + LIMIT_MS;
    while (!heard && performance.now() < end) {
      await speaker.send(Buffer.from('probe'), { address: GROUP, port: listener.local.port });
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
    return heard;
  } catch {
    return false;
  } finally {
    await speaker.close();
    await listener.close();
  }
}
