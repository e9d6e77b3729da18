//! The roles and the classes that keep them apart.

use serde::{Deserialize, Serialize};

/// What somebody is here for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// 安全分析员: judges alerts, leads incidents, dispatches tasks.
    Analyst,
    /// 数据管理员: judges findings of sensitive data.
    Steward,
    /// 县区联络员: signs for tasks and does them.
    CountyOfficer,
    /// 市州协调员: follows the tasks of a prefecture.
    Coordinator,
    /// 领导: looks at the whole.
    Leader,
    /// 系统管理员: accounts exist or not; sees no business data.
    Sysadmin,
    /// 安全管理员: lets accounts in, watches roles and policies.
    Secadmin,
    /// 审计管理员: reads and verifies the audit log.
    Auditor,
}

/// Roles of different classes exclude each other (GB/T 22239-2019, 8.1.5: 三员分立).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RoleClass {
    /// Everyday work.
    Business,
    /// The system administrator.
    System,
    /// The security administrator.
    Security,
    /// The audit administrator.
    Audit,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 8] = [
        Self::Analyst,
        Self::Steward,
        Self::CountyOfficer,
        Self::Coordinator,
        Self::Leader,
        Self::Sysadmin,
        Self::Secadmin,
        Self::Auditor,
    ];

    /// The word that databases and the interface use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Analyst => "analyst",
            Self::Steward => "steward",
            Self::CountyOfficer => "county_officer",
            Self::Coordinator => "coordinator",
            Self::Leader => "leader",
            Self::Sysadmin => "sysadmin",
            Self::Secadmin => "secadmin",
            Self::Auditor => "auditor",
        }
    }

    /// The role of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }

    /// Its class.
    #[must_use]
    pub const fn class(self) -> RoleClass {
        match self {
            Self::Sysadmin => RoleClass::System,
            Self::Secadmin => RoleClass::Security,
            Self::Auditor => RoleClass::Audit,
            _ => RoleClass::Business,
        }
    }

    /// Name in Chinese.
    #[must_use]
    pub const fn name_zh(self) -> &'static str {
        match self {
            Self::Analyst => "安全分析员",
            Self::Steward => "数据管理员",
            Self::CountyOfficer => "县区联络员",
            Self::Coordinator => "市州协调员",
            Self::Leader => "领导",
            Self::Sysadmin => "系统管理员",
            Self::Secadmin => "安全管理员",
            Self::Auditor => "审计管理员",
        }
    }

    /// Name in English.
    #[must_use]
    pub const fn name_en(self) -> &'static str {
        match self {
            Self::Analyst => "SOC analyst",
            Self::Steward => "data steward",
            Self::CountyOfficer => "county officer",
            Self::Coordinator => "prefecture coordinator",
            Self::Leader => "leader",
            Self::Sysadmin => "system administrator",
            Self::Secadmin => "security administrator",
            Self::Auditor => "audit administrator",
        }
    }
}

impl RoleClass {
    /// The word that databases and the interface use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Business => "business",
            Self::System => "system",
            Self::Security => "security",
            Self::Audit => "audit",
        }
    }
}
