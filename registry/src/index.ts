export {
  type BlobDescriptor,
  type ByteStream,
  type ContentSource,
  collectBounded,
  digestOf,
  MAX_DOCUMENT_BYTES,
  verifyContent,
} from "./content.ts";
export { type Credentials, type FoundCredentials, findCredentials } from "./credentials.ts";
export {
  type ConfigDocument,
  type LayerCompression,
  type LayerDescriptor,
  readConfigDocument,
  readManifestDocument,
} from "./documents.ts";
export { requirePlatform, runnablePlatforms } from "./platform.ts";
export { type ResolvedImage, resolveContent } from "./resolve-content.ts";
export { type RemoteImage, type ResolveOptions, resolveImage } from "./resolve-image.ts";
