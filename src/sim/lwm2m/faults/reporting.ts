import type { Fault } from '../fault.ts';

/** Observations and their notifications. */
export const REPORTING_FAULTS: readonly Fault[] = [
  {
    name: 'no-notifications',
    describe: 'never notifies',
    violates: ['SWMGMT-CORE.notify'],
    caughtBy: ['SWMGMT/REP/02'],
    apply: { noNotifications: true },
  },
  {
    name: 'activation-not-observable',
    describe: 'ignores Observe on Activation State',
    violates: ['SWMGMT-RFC7641.accept'],
    caughtBy: ['SWMGMT/REP/01'],
    apply: { notObservable: 12 },
  },
  {
    name: 'notification-differs',
    describe: 'notifies other values than it shows',
    violates: ['SWMGMT-CORE.notify-value'],
    caughtBy: ['SWMGMT/REP/03'],
    apply: { notificationDiffers: true },
  },
  {
    name: 'observe-number-falls',
    describe: 'counts its notifications backwards',
    violates: ['SWMGMT-RFC7641.order'],
    caughtBy: ['SWMGMT/REP/04'],
    apply: { observe: { sequenceStep: -1 } },
  },
  {
    name: 'pmin-ignored',
    describe: 'notifies before pmin has passed',
    violates: ['SWMGMT-CORE.pmin'],
    caughtBy: ['SWMGMT/REP/05'],
    apply: { ignoresPmin: true },
  },
  {
    name: 'pmax-ignored',
    describe: 'does not notify when pmax has passed',
    violates: ['SWMGMT-CORE.pmax'],
    caughtBy: ['SWMGMT/REP/05'],
    apply: { ignoresPmax: true },
  },
  {
    name: 'attributes-hidden',
    describe: 'leaves attributes out of Discover',
    violates: ['SWMGMT-CORE.attributes'],
    caughtBy: ['SWMGMT/REP/05'],
    apply: { hidesAttributes: true },
  },
  {
    name: 'notifies-after-cancel',
    describe: 'goes on notifying after a cancel',
    violates: ['SWMGMT-RFC7641.cancel'],
    caughtBy: ['SWMGMT/REP/06'],
    apply: { observe: { deafToDeregistration: true, deafToReset: true } },
  },
  {
    name: 'notifies-after-reset',
    describe: 'goes on notifying after a reset',
    violates: ['SWMGMT-RFC7641.cancel'],
    caughtBy: ['SWMGMT/REP/06'],
    apply: { observe: { deafToReset: true } },
  },
  {
    name: 'failures-unnotified',
    describe: 'does not notify results of failures',
    violates: ['SWMGMT-CORE.notify-failure'],
    caughtBy: ['SWMGMT/REP/07'],
    apply: { failuresUnnotified: true },
  },
  {
    name: 'instance-notifies-state-only',
    describe: 'notifies the whole instance for changes of Update State only',
    violates: ['SWMGMT-CORE.notify-instance'],
    caughtBy: ['SWMGMT/REP/10'],
    apply: { instanceNotifiesStateOnly: true },
  },
  {
    name: 'composite-unnotified',
    describe: 'takes an observation of several resources and never notifies it',
    violates: ['SWMGMT-CORE.notify-composite'],
    caughtBy: ['SWMGMT/REP/10'],
    apply: { compositeUnnotified: true },
  },
];
