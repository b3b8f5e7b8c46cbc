// swift-tools-version: 6.1
import PackageDescription

/// The commands.
///
/// Each is a folder in Sources/Executables, a target and a product of the same name.
let commands = [
  "cistern-driver-check",
  "find-storage-pool-sources", "find-storage-pool-sources-as", "pool-autostart", "pool-build",
  "pool-capabilities", "pool-check", "pool-create", "pool-create-as", "pool-define",
  "pool-define-as", "pool-delete", "pool-destroy", "pool-dumpxml", "pool-edit", "pool-event",
  "pool-extend", "pool-health", "pool-info", "pool-list", "pool-metrics", "pool-name",
  "pool-refresh", "pool-set", "pool-start", "pool-undefine", "pool-uuid",
  "secret-define", "secret-dumpxml", "secret-list", "secret-set-value", "secret-undefine",
  "vol-clear", "vol-clone", "vol-commit", "vol-create", "vol-create-as", "vol-create-from",
  "vol-delete",
  "vol-download", "vol-dumpxml", "vol-export", "vol-import", "vol-info", "vol-key", "vol-list",
  "vol-name",
  "vol-path", "vol-pool", "vol-rename", "vol-resize", "vol-revert", "vol-revisions", "vol-set",
  "vol-start",
  "vol-stop", "vol-tree", "vol-upload", "vol-wipe",
]

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .unsafeFlags(["-warnings-as-errors"]),
]

/// Tests may count characters and keep plain texts in sets.
let testSettings = settings + [.unsafeFlags(["-Wwarning", "DeprecatedDeclaration"])]

func library(_ name: String, _ dependencies: [Target.Dependency], path: String? = nil) -> Target {
  .target(name: name, dependencies: dependencies, path: path, swiftSettings: settings)
}

/// C sources: what a library is called through, or the system.
func wrapper(_ name: String) -> Target {
  .target(
    name: name, path: "Sources/\(name)",
    cSettings: [.unsafeFlags(["-Wall", "-Wextra", "-Werror"])])
}

func program(_ name: String) -> Target {
  .executableTarget(
    name: name, dependencies: ["StorageTools"], path: "Sources/Executables/\(name)",
    swiftSettings: settings)
}

func tests(
  _ name: String, _ dependencies: [Target.Dependency], fixtures: [String] = []
) -> Target {
  .testTarget(
    name: name, dependencies: dependencies, path: "Tests/Unit/\(name)", exclude: fixtures,
    swiftSettings: testSettings)
}

/// The fuzz targets, which only `make fuzz` builds: they need libFuzzer, and everything compiled for it.
let fuzzing: [Target] =
  Context.environment["CISTERN_FUZZ"] == nil
  ? []
  : [
    .executableTarget(
      name: "cistern-fuzz",
      dependencies: [
        "StorageModel", "StorageConf", "StorageXML", "StorageOS", "StorageHost", "StorageBackend",
        "DriverProcess",
      ],
      path: "Tests/Fuzz/Sources",
      swiftSettings: settings + [.unsafeFlags(["-parse-as-library", "-sanitize=fuzzer"])],
      linkerSettings: [.unsafeFlags(["-sanitize=fuzzer", "-use-ld=lld"])])
  ]

let package = Package(
  name: "cistern",
  products: (commands + ["cistern"]).map { .executable(name: $0, targets: [$0]) },
  targets: [
    .systemLibrary(
      name: "CLibXML2", path: "Sources/CLibXML2", pkgConfig: "libxml-2.0",
      providers: [.apt(["libxml2-dev"])]),
    wrapper("CStorageShim"),
    wrapper("CBlkid"),
    wrapper("CMount"),
    wrapper("CFdisk"),
    wrapper("CZstd"),
    wrapper("CCrypto"),
    wrapper("CLVM"),
    wrapper("CDevmapper"),
    library("StorageModel", []),
    library("StorageConf", ["StorageModel"]),
    library("StorageXML", ["StorageModel", "CLibXML2"]),
    library("StorageOS", ["StorageModel", "CStorageShim"]),
    library("StorageHost", ["StorageModel", "StorageOS"]),
    library("Zstandard", ["StorageModel", "StorageOS", "CZstd"]),
    library("Digests", ["StorageModel", "StorageOS", "CCrypto"]),
    library("StorageBackend", ["StorageModel", "StorageOS", "StorageHost"]),
    library(
      "Secrets", ["StorageModel", "StorageXML", "StorageOS", "StorageHost", "StorageBackend"]),
    library(
      "Definitions",
      [
        "StorageModel", "StorageConf", "StorageXML", "StorageOS", "StorageHost", "StorageBackend",
      ]),
    library(
      "Operations",
      [
        "StorageModel", "StorageConf", "StorageXML", "StorageOS", "StorageHost", "Zstandard",
        "Digests", "StorageBackend", "Definitions", "Secrets",
      ]),
    library("Signatures", ["StorageModel", "StorageOS", "CBlkid"]),
    library("Mounts", ["StorageModel", "StorageOS", "CMount"]),
    library("VolumeGroups", ["StorageModel", "StorageOS", "CLVM"]),
    library(
      "FileVolumes",
      ["StorageModel", "StorageConf", "StorageOS", "StorageHost", "StorageBackend"]),
    library(
      "BlockVolumes",
      ["StorageModel", "StorageConf", "StorageOS", "StorageHost", "StorageBackend"]),
    library(
      "DirectoryBackend",
      ["StorageModel", "StorageOS", "StorageHost", "StorageBackend", "FileVolumes"],
      path: "Sources/Backends/Directory"),
    library(
      "MountedFolders",
      ["StorageModel", "StorageOS", "StorageHost", "StorageBackend", "FileVolumes", "Mounts"]),
    library(
      "FileSystemBackend",
      [
        "StorageModel", "StorageOS", "StorageHost", "StorageBackend", "FileVolumes", "Signatures",
        "Mounts", "MountedFolders",
      ],
      path: "Sources/Backends/FileSystem"),
    library(
      "DiskBackend",
      [
        "StorageModel", "StorageConf", "StorageOS", "StorageHost", "StorageBackend", "Signatures",
        "BlockVolumes", "CFdisk",
      ], path: "Sources/Backends/Disk"),
    library(
      "LogicalBackend",
      [
        "StorageModel", "StorageConf", "StorageOS", "StorageHost", "StorageBackend", "Signatures",
        "VolumeGroups", "BlockVolumes",
      ],
      path: "Sources/Backends/Logical"),
    library(
      "ZFSBackend",
      [
        "StorageModel", "StorageConf", "StorageOS", "StorageHost", "StorageBackend", "Signatures",
        "BlockVolumes",
      ],
      path: "Sources/Backends/ZFS"),
    library(
      "SCSIUnits",
      [
        "StorageModel", "StorageConf", "StorageOS", "StorageHost", "StorageBackend", "BlockVolumes",
      ]),
    library(
      "SCSIBackend",
      [
        "StorageModel", "StorageOS", "StorageHost", "StorageBackend", "BlockVolumes", "SCSIUnits",
      ],
      path: "Sources/Backends/SCSI"),
    library(
      "ISCSIBackend",
      [
        "StorageModel", "StorageOS", "StorageHost", "StorageBackend", "BlockVolumes", "SCSIUnits",
      ],
      path: "Sources/Backends/ISCSI"),
    library(
      "MultipathBackend",
      [
        "StorageModel", "StorageConf", "StorageOS", "StorageHost", "StorageBackend", "BlockVolumes",
        "SCSIUnits", "CDevmapper",
      ], path: "Sources/Backends/Multipath"),
    library(
      "NetworkFileSystemBackend",
      [
        "StorageModel", "StorageXML", "StorageOS", "StorageHost", "StorageBackend", "FileVolumes",
        "Mounts", "MountedFolders",
      ],
      path: "Sources/Backends/NetworkFileSystem"),
    library("DriverProcess", ["StorageModel", "StorageOS", "StorageHost", "StorageBackend"]),
    library(
      "BackendList",
      [
        "StorageModel", "StorageHost", "StorageBackend", "DriverProcess", "DirectoryBackend",
        "FileSystemBackend",
        "NetworkFileSystemBackend", "DiskBackend", "LogicalBackend", "ISCSIBackend",
        "MultipathBackend", "SCSIBackend", "ZFSBackend",
      ]),
    library(
      "StorageTools",
      [
        "StorageModel", "StorageConf", "StorageXML", "StorageOS", "StorageHost", "StorageBackend",
        "Definitions", "Secrets",
        "Operations", "BackendList", "DriverProcess",
      ]),
    tests("StorageModelTests", ["StorageModel"]),
    tests("StorageXMLTests", ["StorageXML", "StorageModel"], fixtures: ["Fixtures"]),
    tests("StorageConfTests", ["StorageConf", "StorageModel"]),
    tests("StorageOSTests", ["StorageOS", "StorageModel", "TestSupport"]),
    tests(
      "OperationsTests",
      [
        "Operations", "Definitions", "Secrets", "StorageBackend", "StorageModel", "StorageOS",
        "StorageHost", "BackendList", "TestSupport",
      ]),
    tests(
      "BlockVolumesTests",
      [
        "BlockVolumes", "StorageConf", "StorageBackend", "StorageModel", "StorageOS", "StorageHost",
        "TestSupport",
      ]),
    tests("DriverProcessTests", ["DriverProcess", "StorageModel"]),
    tests("DiskBackendTests", ["DiskBackend", "StorageModel"]),
    tests("ZstandardTests", ["Zstandard", "StorageModel", "StorageOS", "TestSupport"]),
    tests("DigestsTests", ["Digests", "StorageModel", "StorageOS", "TestSupport"]),
    tests("VolumeGroupsTests", ["VolumeGroups", "StorageModel"]),
    tests(
      "LogicalBackendTests",
      [
        "LogicalBackend", "VolumeGroups", "StorageConf", "StorageBackend", "StorageHost",
        "StorageModel",
      ]
    ),
    tests(
      "SCSIUnitsTests",
      [
        "BlockVolumes", "SCSIUnits", "SCSIBackend", "ISCSIBackend", "MultipathBackend",
        "StorageBackend",
        "StorageModel", "StorageOS", "StorageHost", "TestSupport",
      ], fixtures: ["Fixtures", "record-sysfs"]),
    tests("SignaturesTests", ["Signatures", "StorageModel", "StorageOS", "TestSupport"]),
    tests("StorageToolsTests", ["StorageTools", "StorageModel", "TestSupport"]),
    tests("ArchitectureTests", ["StorageTools", "StorageModel", "TestSupport"]),
    library(
      "TestSupport", ["StorageModel", "StorageOS", "StorageBackend"], path: "Tests/Unit/TestSupport"
    ),
  ] + (commands + ["cistern"]).map(program) + fuzzing
)
