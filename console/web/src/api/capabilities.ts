// Calls and bodies of the keys of applications: asked by their page alone, so that no other page carries them.

import { body, client } from "./client";
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Ability = Schemas["Ability"];
export type CapabilityKeyMade = Schemas["CapabilityKeyMade"];
export type CapabilityKeyRow = Schemas["CapabilityKeyRow"];
export type NewCapabilityKey = Schemas["NewCapabilityKey"];

export const capabilityKeys = {
  list: () => body(client.GET("/api/v1/capability-keys")),
  create: (key: NewCapabilityKey) => body(client.POST("/api/v1/capability-keys", { body: key })),
  revoke: (id: string, reason: string) => body(client.POST("/api/v1/capability-keys/{id}/revoke", { params: { path: { id } }, body: { reason } })),
};
