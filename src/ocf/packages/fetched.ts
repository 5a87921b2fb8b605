import { replies } from '../../coap/events.ts';
import type { Kind } from '../../core/log.ts';
import { PACKAGES, packageSent } from '../../link/packages/events.ts';

/** Every octet of a package went out to the device, by whatever protocol. */
export const packageFetched: Kind<{ readonly request: number }> = {
  name: 'complete package fetch',
  read(e, log) {
    const sent = packageSent.read(e, log);
    if (sent !== undefined) return sent;
    const reply = e.channel === PACKAGES ? replies.read(e, log) : undefined;
    const whole = reply?.dir === 'out' && reply.code === '2.05' && reply.body.length > 0;
    return whole && reply.request !== undefined ? { request: reply.request.n } : undefined;
  },
};
