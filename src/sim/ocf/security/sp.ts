import type { Resource } from '../server.ts';
import { type Common, securityResource } from './resource.ts';

/** Baseline security profile. */
const BASELINE = '1.3.6.1.4.1.51414.0.0.1.0';

/** `/oic/sec/sp`: the security profile that the device keeps to; it has but one. */
export function sp(parts: Common): Resource {
  const show = () => ({ currentprofile: BASELINE, supportedprofiles: [BASELINE] });
  return securityResource({ kind: 'sp', show, fields: {}, writable: () => false }, parts);
}
