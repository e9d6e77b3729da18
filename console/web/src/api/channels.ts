// Calls and bodies of the channels of notifications: asked by their page alone, so that no other page carries them.

import { body, client } from "./client";
import type { components, operations } from "./schema";

type Schemas = components["schemas"];

export type ChannelBody = Schemas["ChannelBody"];
export type ChannelContent = Schemas["ChannelContent"];
export type ChannelKind = Schemas["ChannelKind"];
export type ChannelList = Schemas["ChannelList"];
export type ChannelOptions = Schemas["ChannelOptions"];
export type ChannelRow = Schemas["ChannelRow"];
export type ChannelTested = Schemas["ChannelTested"];
export type MessageRow = Schemas["MessageRow"];
export type MessageState = Schemas["MessageState"];
export type NewSubscription = Schemas["NewSubscription"];
export type NotifyEvent = Schemas["NotifyEvent"];
export type NotifyTarget = Schemas["NotifyTarget"];
export type SubscriptionRow = Schemas["SubscriptionRow"];
type MessageQuery = NonNullable<operations["messages_list"]["parameters"]["query"]>;

const at = (id: string) => ({ path: { id } });

export const channels = {
  list: () => body(client.GET("/api/v1/channels")),
  create: (channel: ChannelBody) => body(client.POST("/api/v1/channels", { body: channel })),
  revise: (id: string, channel: ChannelBody) => body(client.POST("/api/v1/channels/{id}", { params: at(id), body: channel })),
  retire: (id: string) => body(client.POST("/api/v1/channels/{id}/retire", { params: at(id) })),
  test: (id: string, phone: string) =>
    body(client.POST("/api/v1/channels/{id}/test", { params: at(id), body: { phone: phone === "" ? null : phone } })),
  subscribe: (id: string, rule: NewSubscription) =>
    body(client.POST("/api/v1/channels/{id}/subscriptions", { params: at(id), body: rule })),
  unsubscribe: (id: string) => body(client.POST("/api/v1/subscriptions/{id}/remove", { params: at(id) })),
  log: (query: MessageQuery) => body(client.GET("/api/v1/messages", { params: { query } })),
  retry: (id: string) => body(client.POST("/api/v1/messages/{id}/retry", { params: at(id) })),
};
