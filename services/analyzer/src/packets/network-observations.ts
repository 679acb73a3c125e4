export type {
  DecodeAccount,
  DnsObservation,
  FlowObservation,
  FlowProtocol,
  HttpObservation,
  NetworkObservations,
  TlsObservation,
} from "./observation.ts";
