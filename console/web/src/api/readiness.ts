// Calls and bodies of readiness, appeals and talks: asked by their pages alone, so that no other page carries them.

import { body, client } from "./client";
import type { components } from "./schema";
import type { Decision } from "./types";

type Schemas = components["schemas"];

export type ActivationKind = Schemas["ActivationKind"];
export type ActivationRow = Schemas["ActivationRow"];
export type ActivationStep = Schemas["ActivationStep"];
export type ActivationStepChange = Schemas["ActivationStepChange"];
export type AppealRow = Schemas["AppealRow"];
export type ContactCall = Schemas["ContactCall"];
export type ContactDrillDetail = Schemas["ContactDrillDetail"];
export type ContactDrillRow = Schemas["ContactDrillRow"];
export type Duty = Schemas["Duty"];
export type DutyPerson = Schemas["DutyPerson"];
export type DutyRegister = Schemas["DutyRegister"];
export type DutyRoster = Schemas["DutyRoster"];
export type DutyShift = Schemas["DutyShift"];
export type NewActivation = Schemas["NewActivation"];
export type NewDutyPerson = Schemas["NewDutyPerson"];
export type NewPlan = Schemas["NewPlan"];
export type NewTraining = Schemas["NewTraining"];
export type PlanList = Schemas["PlanList"];
export type PlanRow = Schemas["PlanRow"];
export type PlanStep = Schemas["PlanStep"];
export type PlanTemplate = Schemas["PlanTemplate"];
export type ResponseLevel = Schemas["ResponseLevel"];
export type TalkRow = Schemas["TalkRow"];
export type TrainingKind = Schemas["TrainingKind"];
export type TrainingRow = Schemas["TrainingRow"];

const at = (id: string) => ({ path: { id } });

export const plans = {
  list: () => body(client.GET("/api/v1/plans")),
  create: (plan: NewPlan) => body(client.POST("/api/v1/plans", { body: plan })),
  revise: (id: string, plan: NewPlan) => body(client.POST("/api/v1/plans/{id}", { params: at(id), body: plan })),
  retire: (id: string, reason: string) => body(client.POST("/api/v1/plans/{id}/retire", { params: at(id), body: { reason } })),
  activate: (id: string, activation: NewActivation) =>
    body(client.POST("/api/v1/plans/{id}/activations", { params: at(id), body: activation })),
  tick: (id: string, change: ActivationStepChange) =>
    body(client.POST("/api/v1/activations/{id}/steps", { params: at(id), body: change })),
  end: (id: string, text: string) => body(client.POST("/api/v1/activations/{id}/end", { params: at(id), body: { text } })),
};

export const duty = {
  people: () => body(client.GET("/api/v1/duty/people")),
  add: (person: NewDutyPerson) => body(client.POST("/api/v1/duty/people", { body: person })),
  end: (id: string) => body(client.POST("/api/v1/duty/people/{id}/end", { params: at(id) })),
  shifts: () => body(client.GET("/api/v1/duty/shifts")),
  addShift: (shift: Schemas["NewDutyShift"]) => body(client.POST("/api/v1/duty/shifts", { body: shift })),
  removeShift: (id: string) => body(client.POST("/api/v1/duty/shifts/{id}/remove", { params: at(id) })),
  drills: () => body(client.GET("/api/v1/duty/drills")),
  drill: (id: string) => body(client.GET("/api/v1/duty/drills/{id}", { params: at(id) })),
  beginDrill: (title: string, duties: Duty[]) => body(client.POST("/api/v1/duty/drills", { body: { title, duties } })),
  call: (id: string, person: string, reached: boolean) =>
    body(client.POST("/api/v1/duty/drills/{id}/calls", { params: at(id), body: { person, reached } })),
  endDrill: (id: string) => body(client.POST("/api/v1/duty/drills/{id}/end", { params: at(id) })),
  trainings: () => body(client.GET("/api/v1/trainings")),
  addTraining: (training: NewTraining) => body(client.POST("/api/v1/trainings", { body: training })),
  removeTraining: (id: string) => body(client.POST("/api/v1/trainings/{id}/remove", { params: at(id) })),
};

export type DueState = Schemas["DueState"];
export type SystemRow = Schemas["SystemRow"];

export const systems = {
  list: () => body(client.GET("/api/v1/systems")),
  add: (system: Schemas["SystemBody"]) => body(client.POST("/api/v1/systems", { body: system })),
  change: (id: string, system: Schemas["SystemBody"]) => body(client.POST("/api/v1/systems/{id}", { params: at(id), body: system })),
  retire: (id: string, reason: string) => body(client.POST("/api/v1/systems/{id}/retire", { params: at(id), body: { reason } })),
};

export const appeals = {
  list: () => body(client.GET("/api/v1/appeals")),
  create: (appeal: Schemas["NewAppeal"]) => body(client.POST("/api/v1/appeals", { body: appeal })),
  decide: (id: string, decision: Decision) => body(client.POST("/api/v1/appeals/{id}/decide", { params: at(id), body: decision })),
  talks: () => body(client.GET("/api/v1/talks")),
  talk: (talk: Schemas["NewTalk"]) => body(client.POST("/api/v1/talks", { body: talk })),
  closeTalk: (id: string, text: string) => body(client.POST("/api/v1/talks/{id}/close", { params: at(id), body: { text } })),
};
