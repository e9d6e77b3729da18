//! Well-known interfaces and their operations by number (Microsoft's open specifications; C706, appendix O).

/// An interface.
#[derive(Debug)]
pub(crate) struct Service {
    uuid: [u8; 16],
    /// The name it is known by.
    pub(crate) name: &'static str,
    /// Number of the first operation that is named.
    first: u16,
    /// Names of operations in the order of their numbers, separated by blanks.
    procedures: &'static str,
}

impl Service {
    /// The name of an operation.
    pub(crate) fn procedure(&self, number: u16) -> Option<&'static str> {
        let at = number.checked_sub(self.first)?;
        self.procedures.split_ascii_whitespace().nth(at.into())
    }
}

/// The interface of an identifier.
pub(crate) fn service(uuid: &[u8; 16]) -> Option<&'static Service> {
    SERVICES.iter().find(|service| service.uuid == *uuid)
}

const SERVICES: &[Service] = &[
    Service {
        uuid: [0x12, 0x34, 0x56, 0x78, 0x12, 0x34, 0xab, 0xcd, 0xef, 0x00, 0x01, 0x23, 0x45, 0x67, 0xcf, 0xfb],
        name: "netlogon",
        first: 0,
        procedures: "NetrLogonUasLogon NetrLogonUasLogoff NetrLogonSamLogon NetrLogonSamLogoff NetrServerReqChallenge \
            NetrServerAuthenticate NetrServerPasswordSet NetrDatabaseDeltas NetrDatabaseSync NetrAccountDeltas \
            NetrAccountSync NetrGetDCName NetrLogonControl NetrGetAnyDCName NetrLogonControl2 \
            NetrServerAuthenticate2 NetrDatabaseSync2 NetrDatabaseRedo NetrLogonControl2Ex \
            NetrEnumerateTrustedDomains DsrGetDcName NetrLogonGetCapabilities NetrLogonSetServiceBits \
            NetrLogonGetTrustRid NetrLogonComputeServerDigest NetrLogonComputeClientDigest \
            NetrServerAuthenticate3 DsrGetDcNameEx DsrGetSiteName NetrLogonGetDomainInfo NetrServerPasswordSet2 \
            NetrServerPasswordGet NetrLogonSendToSam DsrAddressToSiteNamesW DsrGetDcNameEx2 \
            NetrLogonGetTimeServiceParentDomain NetrEnumerateTrustedDomainsEx DsrAddressToSiteNamesExW \
            DsrGetDcSiteCoverageW NetrLogonSamLogonEx DsrEnumerateDomainTrusts DsrDeregisterDnsHostRecords \
            NetrServerTrustPasswordsGet DsrGetForestTrustInformation NetrGetForestTrustInformation \
            NetrLogonSamLogonWithFlags NetrServerGetTrustInfo",
    },
    Service {
        uuid: [0x36, 0x7a, 0xbb, 0x81, 0x98, 0x44, 0x35, 0xf1, 0xad, 0x32, 0x98, 0xf0, 0x38, 0x00, 0x10, 0x03],
        name: "svcctl",
        first: 0,
        procedures: "CloseServiceHandle ControlService DeleteService LockServiceDatabase QueryServiceObjectSecurity \
            SetServiceObjectSecurity QueryServiceStatus SetServiceStatus UnlockServiceDatabase \
            NotifyBootConfigStatus SCSetServiceBitsW ChangeServiceConfigW CreateServiceW EnumDependentServicesW \
            EnumServicesStatusW OpenSCManagerW OpenServiceW QueryServiceConfigW QueryServiceLockStatusW \
            StartServiceW GetServiceDisplayNameW GetServiceKeyNameW SCSetServiceBitsA ChangeServiceConfigA \
            CreateServiceA EnumDependentServicesA EnumServicesStatusA OpenSCManagerA OpenServiceA \
            QueryServiceConfigA QueryServiceLockStatusA StartServiceA GetServiceDisplayNameA GetServiceKeyNameA \
            GetCurrentGroupStateW EnumServiceGroupW ChangeServiceConfig2A ChangeServiceConfig2W \
            QueryServiceConfig2A QueryServiceConfig2W QueryServiceStatusEx EnumServicesStatusExA \
            EnumServicesStatusExW SendTSMessage CreateServiceWOW64A CreateServiceWOW64W ScQueryServiceTagInfo \
            NotifyServiceStatusChange GetNotifyResults CloseNotifyHandle ControlServiceExA ControlServiceExW \
            SendPnPMessage ValidatePnPService OpenServiceStatusHandle",
    },
    Service {
        uuid: [0x1f, 0xf7, 0x06, 0x82, 0x0a, 0x51, 0x30, 0xe8, 0x07, 0x6d, 0x74, 0x0b, 0xe8, 0xce, 0xe9, 0x8b],
        name: "atsvc",
        first: 0,
        procedures: "NetrJobAdd NetrJobDel NetrJobEnum NetrJobGetInfo",
    },
    Service {
        uuid: [0xe3, 0x51, 0x42, 0x35, 0x4b, 0x06, 0x11, 0xd1, 0xab, 0x04, 0x00, 0xc0, 0x4f, 0xc2, 0xdc, 0xd2],
        name: "drsuapi",
        first: 0,
        procedures: "DRSBind DRSUnbind DRSReplicaSync DRSGetNCChanges DRSUpdateRefs DRSReplicaAdd DRSReplicaDel \
            DRSReplicaModify DRSVerifyNames DRSGetMemberships DRSInterDomainMove DRSGetNT4ChangeLog \
            DRSCrackNames DRSWriteSPN DRSRemoveDsServer DRSRemoveDsDomain DRSDomainControllerInfo DRSAddEntry \
            DRSExecuteKCC DRSGetReplInfo DRSAddSidHistory DRSGetMemberships2 DRSReplicaVerifyObjects \
            DRSGetObjectExistence DRSQuerySitesByCost",
    },
    Service {
        uuid: [0xe1, 0xaf, 0x83, 0x08, 0x5d, 0x1f, 0x11, 0xc9, 0x91, 0xa4, 0x08, 0x00, 0x2b, 0x14, 0xa0, 0xfa],
        name: "epmapper",
        first: 0,
        procedures: "ept_insert ept_delete ept_lookup ept_map ept_lookup_handle_free ept_inq_object ept_mgmt_delete \
            ept_map_auth ept_map_auth_async",
    },
    Service {
        uuid: [0x39, 0x19, 0x28, 0x6a, 0xb1, 0x0c, 0x11, 0xd0, 0x9b, 0xa8, 0x00, 0xc0, 0x4f, 0xd9, 0x2e, 0xf5],
        name: "dssetup",
        first: 0,
        procedures: "DsRolerGetPrimaryDomainInformation DsRolerDnsNameToFlatName DsRolerDcAsDc DsRolerDcAsReplica \
            DsRolerDemoteDc DsRolerGetDcOperationProgress DsRolerGetDcOperationResults DsRolerCancel \
            DsRolerServerSaveStateForUpgrade DsRolerUpgradeDownlevelServer DsRolerAbortDownlevelServerUpgrade",
    },
    Service {
        uuid: [0x00, 0x00, 0x01, 0x31, 0x00, 0x00, 0x00, 0x00, 0xc0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x46],
        name: "IRemUnknown",
        first: 3,
        procedures: "RemQueryInterface RemAddRef RemRelease",
    },
    Service {
        uuid: [0x00, 0x00, 0x01, 0x43, 0x00, 0x00, 0x00, 0x00, 0xc0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x46],
        name: "IRemUnknown2",
        first: 3,
        procedures: "RemQueryInterface RemAddRef RemRelease RemQueryInterface2",
    },
    Service {
        uuid: [0x00, 0x00, 0x01, 0xa0, 0x00, 0x00, 0x00, 0x00, 0xc0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x46],
        name: "IRemoteSCMActivator",
        first: 3,
        procedures: "RemoteGetClassObject RemoteCreateInstance",
    },
    Service {
        uuid: [0x99, 0xfc, 0xfe, 0xc4, 0x52, 0x60, 0x10, 0x1b, 0xbb, 0xcb, 0x00, 0xaa, 0x00, 0x21, 0x34, 0x7a],
        name: "IObjectExporter",
        first: 0,
        procedures: "ResolveOxid SimplePing ComplexPing ServerAlive ResolveOxid2 ServerAlive2",
    },
    Service {
        uuid: [0x12, 0x34, 0x57, 0x78, 0x12, 0x34, 0xab, 0xcd, 0xef, 0x00, 0x01, 0x23, 0x45, 0x67, 0x89, 0xac],
        name: "samr",
        first: 0,
        procedures: "SamrConnect SamrCloseHandle SamrSetSecurityObject SamrQuerySecurityObject SamrShutdownSamServer \
            SamrLookupDomainInSamServer SamrEnumerateDomainsInSamServer SamrOpenDomain \
            SamrQueryInformationDomain SamrSetInformationDomain SamrCreateGroupInDomain \
            SamrEnumerateGroupsInDomain SamrCreateUserInDomain SamrEnumerateUsersInDomain \
            SamrCreateAliasInDomain SamrEnumerateAliasesInDomain SamrGetAliasMembership SamrLookupNamesInDomain \
            SamrLookupIdsInDomain SamrOpenGroup SamrQueryInformationGroup SamrSetInformationGroup \
            SamrAddMemberToGroup SamrDeleteGroup SamrRemoveMemberFromGroup SamrGetMembersInGroup \
            SamrSetMemberAttributesOfGroup SamrOpenAlias SamrQueryInformationAlias SamrSetInformationAlias \
            SamrDeleteAlias SamrAddMemberToAlias SamrRemoveMemberFromAlias SamrGetMembersInAlias SamrOpenUser \
            SamrDeleteUser SamrQueryInformationUser SamrSetInformationUser SamrChangePasswordUser \
            SamrGetGroupsForUser SamrQueryDisplayInformation SamrGetDisplayEnumerationIndex \
            SamrTestPrivateFunctionsDomain SamrTestPrivateFunctionsUser SamrGetUserDomainPasswordInformation \
            SamrRemoveMemberFromForeignDomain SamrQueryInformationDomain2 SamrQueryInformationUser2 \
            SamrQueryDisplayInformation2 SamrGetDisplayEnumerationIndex2 SamrCreateUser2InDomain \
            SamrQueryDisplayInformation3 SamrAddMultipleMembersToAlias SamrRemoveMultipleMembersFromAlias \
            SamrOemChangePasswordUser2 SamrUnicodeChangePasswordUser2 SamrGetDomainPasswordInformation \
            SamrConnect2 SamrSetInformationUser2 SamrSetBootKeyInformation SamrGetBootKeyInformation \
            SamrConnect3 SamrConnect4 SamrUnicodeChangePasswordUser3 SamrConnect5 SamrRidToSid \
            SamrSetDSRMPassword SamrValidatePassword",
    },
    Service {
        uuid: [0x12, 0x34, 0x57, 0x78, 0x12, 0x34, 0xab, 0xcd, 0xef, 0x00, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab],
        name: "lsarpc",
        first: 0,
        procedures: "LsarClose LsarDelete LsarEnumeratePrivileges LsarQuerySecurityObject LsarSetSecurityObject \
            LsarChangePassword LsarOpenPolicy LsarQueryInformationPolicy LsarSetInformationPolicy \
            LsarClearAuditLog LsarCreateAccount LsarEnumerateAccounts LsarCreateTrustedDomain \
            LsarEnumerateTrustedDomains LsarLookupNames LsarLookupSids LsarCreateSecret LsarOpenAccount \
            LsarEnumeratePrivilegesAccount LsarAddPrivilegesToAccount LsarRemovePrivilegesFromAccount \
            LsarGetQuotasForAccount LsarSetQuotasForAccount LsarGetSystemAccessAccount \
            LsarSetSystemAccessAccount LsarOpenTrustedDomain LsarQueryInfoTrustedDomain \
            LsarSetInformationTrustedDomain LsarOpenSecret LsarSetSecret LsarQuerySecret \
            LsarLookupPrivilegeValue LsarLookupPrivilegeName LsarLookupPrivilegeDisplayName LsarDeleteObject \
            LsarEnumerateAccountsWithUserRight LsarEnumerateAccountRights LsarAddAccountRights \
            LsarRemoveAccountRights LsarQueryTrustedDomainInfo LsarSetTrustedDomainInfo LsarDeleteTrustedDomain \
            LsarStorePrivateData LsarRetrievePrivateData LsarOpenPolicy2 LsarGetUserName \
            LsarQueryInformationPolicy2",
    },
    Service {
        uuid: [0x4b, 0x32, 0x4f, 0xc8, 0x16, 0x70, 0x01, 0xd3, 0x12, 0x78, 0x5a, 0x47, 0xbf, 0x6e, 0xe1, 0x88],
        name: "srvsvc",
        first: 0,
        procedures: "NetrCharDevEnum NetrCharDevGetInfo NetrCharDevControl NetrCharDevQEnum NetrCharDevQGetInfo \
            NetrCharDevQSetInfo NetrCharDevQPurge NetrCharDevQPurgeSelf NetrConnectionEnum NetrFileEnum \
            NetrFileGetInfo NetrFileClose NetrSessionEnum NetrSessionDel NetrShareAdd NetrShareEnum \
            NetrShareGetInfo NetrShareSetInfo NetrShareDel NetrShareDelSticky NetrShareCheck NetrServerGetInfo \
            NetrServerSetInfo NetrServerDiskEnum NetrServerStatisticsGet NetrServerTransportAdd \
            NetrServerTransportEnum NetrServerTransportDel NetrRemoteTOD NetrServerSetServiceBits NetprPathType \
            NetprPathCanonicalize NetprPathCompare NetprNameValidate NetprNameCanonicalize NetprNameCompare \
            NetrShareEnumSticky NetrShareDelStart NetrShareDelCommit NetrpGetFileSecurity NetrpSetFileSecurity",
    },
    Service {
        uuid: [0x6b, 0xff, 0xd0, 0x98, 0xa1, 0x12, 0x36, 0x10, 0x98, 0x33, 0x46, 0xc3, 0xf8, 0x7e, 0x34, 0x5a],
        name: "wkssvc",
        first: 0,
        procedures: "NetrWkstaGetInfo NetrWkstaSetInfo NetrWkstaUserEnum NetrWkstaUserGetInfo NetrWkstaUserSetInfo \
            NetrWkstaTransportEnum NetrWkstaTransportAdd NetrWkstaTransportDel NetrUseAdd NetrUseGetInfo \
            NetrUseDel NetrUseEnum",
    },
    Service {
        uuid: [0x33, 0x8c, 0xd0, 0x01, 0x22, 0x44, 0x31, 0xf1, 0xaa, 0xaa, 0x90, 0x00, 0x38, 0x00, 0x10, 0x03],
        name: "winreg",
        first: 0,
        procedures: "OpenClassesRoot OpenCurrentUser OpenLocalMachine OpenPerformanceData OpenUsers BaseRegCloseKey \
            BaseRegCreateKey BaseRegDeleteKey BaseRegDeleteValue BaseRegEnumKey BaseRegEnumValue BaseRegFlushKey \
            BaseRegGetKeySecurity BaseRegLoadKey BaseRegNotifyChangeKeyValue BaseRegOpenKey BaseRegQueryInfoKey \
            BaseRegQueryValue BaseRegReplaceKey BaseRegRestoreKey BaseRegSaveKey BaseRegSetKeySecurity \
            BaseRegSetValue BaseRegUnLoadKey BaseInitiateSystemShutdown BaseAbortSystemShutdown \
            BaseRegGetVersion",
    },
    Service {
        uuid: [0x12, 0x34, 0x56, 0x78, 0x12, 0x34, 0xab, 0xcd, 0xef, 0x00, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab],
        name: "spoolss",
        first: 0,
        procedures: "RpcEnumPrinters RpcOpenPrinter RpcSetJob RpcGetJob RpcEnumJobs RpcAddPrinter RpcDeletePrinter \
            RpcSetPrinter RpcGetPrinter RpcAddPrinterDriver RpcEnumPrinterDrivers RpcGetPrinterDriver \
            RpcGetPrinterDriverDirectory RpcDeletePrinterDriver",
    },
    Service {
        uuid: [0x86, 0xd3, 0x59, 0x49, 0x83, 0xc9, 0x40, 0x44, 0xb4, 0x24, 0xdb, 0x36, 0x32, 0x31, 0xfd, 0x0c],
        name: "ITaskSchedulerService",
        first: 0,
        procedures: "SchRpcHighestVersion SchRpcRegisterTask SchRpcRetrieveTask SchRpcCreateFolder SchRpcSetSecurity \
            SchRpcGetSecurity SchRpcEnumFolders SchRpcEnumTasks SchRpcEnumInstances SchRpcGetInstanceInfo \
            SchRpcStopInstance SchRpcStop SchRpcRun SchRpcDelete SchRpcRename SchRpcScheduledRuntimes \
            SchRpcGetLastRunInfo SchRpcGetTaskInfo SchRpcGetNumberOfMissedRuns SchRpcEnableTask",
    },
    Service {
        uuid: [0xc6, 0x81, 0xd4, 0x88, 0xd8, 0x50, 0x11, 0xd0, 0x8c, 0x52, 0x00, 0xc0, 0x4f, 0xd9, 0x0f, 0x7e],
        name: "efsrpc",
        first: 0,
        procedures: "EfsRpcOpenFileRaw EfsRpcReadFileRaw EfsRpcWriteFileRaw EfsRpcCloseRaw EfsRpcEncryptFileSrv \
            EfsRpcDecryptFileSrv EfsRpcQueryUsersOnFile EfsRpcQueryRecoveryAgents EfsRpcRemoveUsersFromFile \
            EfsRpcAddUsersToFile",
    },
    Service {
        uuid: [0x4f, 0xc7, 0x42, 0xe0, 0x4a, 0x10, 0x11, 0xcf, 0x82, 0x73, 0x00, 0xaa, 0x00, 0x4a, 0xe6, 0x73],
        name: "netdfs",
        first: 0,
        procedures: "NetrDfsManagerGetVersion NetrDfsAdd NetrDfsRemove NetrDfsSetInfo NetrDfsGetInfo NetrDfsEnum \
            NetrDfsMove NetrDfsRename NetrDfsAddFtRoot NetrDfsRemoveFtRoot NetrDfsAddStdRoot \
            NetrDfsRemoveStdRoot",
    },
    Service {
        uuid: [0xf3, 0x09, 0xad, 0x18, 0xd8, 0x6a, 0x11, 0xd0, 0xa0, 0x75, 0x00, 0xc0, 0x4f, 0xb6, 0x88, 0x20],
        name: "IWbemLevel1Login",
        first: 3,
        procedures: "EstablishPosition RequestChallenge WBEMLogin NTLMLogin",
    },
    Service {
        uuid: [0x95, 0x56, 0xdc, 0x99, 0x82, 0x8c, 0x11, 0xcf, 0xa3, 0x7e, 0x00, 0xaa, 0x00, 0x32, 0x40, 0xc7],
        name: "IWbemServices",
        first: 3,
        procedures: "OpenNamespace CancelAsyncCall QueryObjectSink GetObject GetObjectAsync PutClass PutClassAsync \
            DeleteClass DeleteClassAsync CreateClassEnum CreateClassEnumAsync PutInstance PutInstanceAsync \
            DeleteInstance DeleteInstanceAsync CreateInstanceEnum CreateInstanceEnumAsync ExecQuery \
            ExecQueryAsync ExecNotificationQuery ExecNotificationQueryAsync ExecMethod ExecMethodAsync",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_found_by_number() {
        let named = |name: &str| SERVICES.iter().find(|service| service.name == name).expect("is listed");
        assert_eq!(named("netlogon").procedure(30), Some("NetrServerPasswordSet2"));
        assert_eq!(named("drsuapi").procedure(16), Some("DRSDomainControllerInfo"));
        assert_eq!(named("samr").procedure(67), Some("SamrValidatePassword"));
        assert_eq!(named("IRemUnknown2").procedure(2), None);
    }
}
