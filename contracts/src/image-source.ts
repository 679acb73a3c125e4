import { Fault } from "./fault.ts";

/** Where an image is to be taken from; the five forms of the command line's IMAGE. */
export type ImageSource =
  | { readonly kind: "registry"; readonly reference: string }
  | { readonly kind: "engine"; readonly name: string }
  | { readonly kind: "docker-archive"; readonly path: string }
  | { readonly kind: "oci-archive"; readonly path: string }
  | { readonly kind: "oci-layout"; readonly path: string };

/**
 * Parses `docker:NAME`, `docker-archive:FILE`, `oci-archive:FILE`, `oci:DIR`, or else a registry reference.
 * Throws IMAGE_REFERENCE_INVALID for an empty or unprintable one.
 */
export function parseImageSource(text: string): ImageSource {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here
  if (text.length === 0 || text.length > 4096 || /[\u0000-\u0020\u007f]/.test(text.slice(0, 1) + text.slice(-1))) {
    throw new Fault("IMAGE_REFERENCE_INVALID", "the image reference is empty, too long or unprintable");
  }
  const [, scheme, rest] = /^(docker|docker-archive|oci-archive|oci):(?!\/\/)(.*)$/.exec(text) ?? [];
  if (scheme === undefined || rest === undefined) return { kind: "registry", reference: text };
  // `docker:24-dind` is also how the Hub's own "docker" image is written; a scheme wins, as in skopeo.
  if (rest === "") throw new Fault("IMAGE_REFERENCE_INVALID", `nothing follows "${scheme}:"`);
  switch (scheme) {
    case "docker":
      return { kind: "engine", name: rest };
    case "docker-archive":
      return { kind: "docker-archive", path: rest };
    case "oci-archive":
      return { kind: "oci-archive", path: rest };
    default:
      return { kind: "oci-layout", path: rest };
  }
}
