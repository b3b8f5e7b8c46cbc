// swift-tools-version: 6.1
import PackageDescription

/// The commands.
///
/// Each is a folder in Sources/Executables, a target and a product of the same name.
let commands = [
  "find-storage-pool-sources", "find-storage-pool-sources-as", "pool-autostart", "pool-build",
  "pool-capabilities", "pool-check", "pool-create", "pool-create-as", "pool-define",
  "pool-define-as", "pool-delete", "pool-destroy", "pool-dumpxml", "pool-edit", "pool-event",
  "pool-extend", "pool-health", "pool-info", "pool-list", "pool-metrics", "pool-name",
  "pool-refresh", "pool-start", "pool-undefine", "pool-uuid",
  "secret-define", "secret-dumpxml", "secret-list", "secret-set-value", "secret-undefine",
  "vol-clone", "vol-create", "vol-create-as", "vol-create-from", "vol-delete",
  "vol-download", "vol-dumpxml", "vol-export", "vol-import", "vol-info", "vol-key", "vol-list",
  "vol-name",
  "vol-path", "vol-pool", "vol-resize", "vol-revert", "vol-revisions", "vol-set", "vol-start",
  "vol-stop", "vol-upload", "vol-wipe",
]

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .unsafeFlags(["-warnings-as-errors"]),
]

func library(_ name: String, _ dependencies: [Target.Dependency], path: String? = nil) -> Target {
  .target(name: name, dependencies: dependencies, path: path, swiftSettings: settings)
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
    swiftSettings: settings)
}

/// The fuzz targets, which only `make fuzz` builds: they need libFuzzer, and everything compiled for it.
let fuzzing: [Target] =
  Context.environment["CISTERN_FUZZ"] == nil
  ? []
  : [
    .executableTarget(
      name: "cistern-fuzz", dependencies: ["StorageModel", "StorageConf", "StorageXML"],
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
    .target(name: "CStorageShim", path: "Sources/CStorageShim"),
    .target(name: "CBlkid", path: "Sources/CBlkid"),
    .target(name: "CMount", path: "Sources/CMount"),
    .target(name: "CFdisk", path: "Sources/CFdisk"),
    .target(name: "CZstd", path: "Sources/CZstd"),
    .target(name: "CCrypto", path: "Sources/CCrypto"),
    .target(name: "CLVM", path: "Sources/CLVM"),
    .target(name: "CDevmapper", path: "Sources/CDevmapper"),
    library("StorageModel", []),
    library("StorageConf", ["StorageModel"]),
    library("StorageXML", ["StorageModel", "CLibXML2"]),
    library("StorageOS", ["StorageModel", "CStorageShim"]),
    library("StorageHost", ["StorageModel", "StorageOS"]),
    library("Zstandard", ["StorageModel", "StorageOS", "CZstd"]),
    library("Digests", ["StorageModel", "StorageOS", "CCrypto"]),
    library(
      "StorageCore",
      [
        "StorageModel", "StorageConf", "StorageXML", "StorageOS", "StorageHost", "Zstandard",
        "Digests",
      ]),
    library("Signatures", ["StorageModel", "StorageOS", "CBlkid"]),
    library("Mounts", ["StorageModel", "StorageOS", "CMount"]),
    library("VolumeGroups", ["StorageModel", "StorageOS", "CLVM"]),
    library(
      "FileVolumes",
      ["StorageModel", "StorageConf", "StorageOS", "StorageHost", "StorageCore"]),
    library(
      "BlockVolumes",
      ["StorageModel", "StorageConf", "StorageOS", "StorageHost", "StorageCore"]),
    library(
      "DirectoryBackend",
      ["StorageModel", "StorageOS", "StorageHost", "StorageCore", "FileVolumes"],
      path: "Sources/Backends/Directory"),
    library(
      "MountedFolders",
      ["StorageModel", "StorageOS", "StorageHost", "StorageCore", "FileVolumes", "Mounts"]),
    library(
      "FileSystemBackend",
      [
        "StorageModel", "StorageOS", "StorageHost", "StorageCore", "FileVolumes", "Signatures",
        "Mounts", "MountedFolders",
      ],
      path: "Sources/Backends/FileSystem"),
    library(
      "DiskBackend",
      [
        "StorageModel", "StorageConf", "StorageOS", "StorageHost", "StorageCore", "Signatures",
        "BlockVolumes", "CFdisk",
      ], path: "Sources/Backends/Disk"),
    library(
      "LogicalBackend",
      [
        "StorageModel", "StorageConf", "StorageOS", "StorageHost", "StorageCore", "Signatures",
        "VolumeGroups", "BlockVolumes",
      ],
      path: "Sources/Backends/Logical"),
    library(
      "SCSIUnits",
      [
        "StorageModel", "StorageConf", "StorageOS", "StorageHost", "StorageCore", "BlockVolumes",
      ]),
    library(
      "SCSIBackend",
      [
        "StorageModel", "StorageOS", "StorageHost", "StorageCore", "BlockVolumes", "SCSIUnits",
      ],
      path: "Sources/Backends/SCSI"),
    library(
      "ISCSIBackend",
      [
        "StorageModel", "StorageOS", "StorageHost", "StorageCore", "BlockVolumes", "SCSIUnits",
      ],
      path: "Sources/Backends/ISCSI"),
    library(
      "MultipathBackend",
      [
        "StorageModel", "StorageConf", "StorageOS", "StorageHost", "StorageCore", "BlockVolumes",
        "SCSIUnits", "CDevmapper",
      ], path: "Sources/Backends/Multipath"),
    library(
      "NetworkFileSystemBackend",
      [
        "StorageModel", "StorageXML", "StorageOS", "StorageHost", "StorageCore", "FileVolumes",
        "Mounts", "MountedFolders",
      ],
      path: "Sources/Backends/NetworkFileSystem"),
    library(
      "StorageBackends",
      [
        "StorageModel", "StorageHost", "StorageCore", "DirectoryBackend", "FileSystemBackend",
        "NetworkFileSystemBackend", "DiskBackend", "LogicalBackend", "ISCSIBackend",
        "MultipathBackend", "SCSIBackend",
      ]),
    library(
      "StorageTools",
      [
        "StorageModel", "StorageConf", "StorageXML", "StorageOS", "StorageHost", "StorageCore",
        "StorageBackends",
      ]),
    tests("StorageModelTests", ["StorageModel"]),
    tests("StorageXMLTests", ["StorageXML", "StorageModel"], fixtures: ["Fixtures"]),
    tests("StorageConfTests", ["StorageConf", "StorageModel"]),
    tests("StorageOSTests", ["StorageOS", "StorageModel", "TestSupport"]),
    tests(
      "StorageCoreTests",
      ["StorageCore", "StorageModel", "StorageOS", "StorageHost", "TestSupport"]),
    tests(
      "BlockVolumesTests",
      [
        "BlockVolumes", "StorageConf", "StorageCore", "StorageModel", "StorageOS", "StorageHost",
        "TestSupport",
      ]),
    tests("DiskBackendTests", ["DiskBackend", "StorageModel"]),
    tests("ZstandardTests", ["Zstandard", "StorageModel", "StorageOS", "TestSupport"]),
    tests("DigestsTests", ["Digests", "StorageModel", "StorageOS", "TestSupport"]),
    tests("VolumeGroupsTests", ["VolumeGroups", "StorageModel"]),
    tests(
      "LogicalBackendTests",
      [
        "LogicalBackend", "VolumeGroups", "StorageConf", "StorageCore", "StorageHost",
        "StorageModel",
      ]
    ),
    tests(
      "SCSIUnitsTests",
      [
        "BlockVolumes", "SCSIUnits", "SCSIBackend", "ISCSIBackend", "MultipathBackend",
        "StorageCore",
        "StorageModel", "StorageOS", "StorageHost", "TestSupport",
      ], fixtures: ["Fixtures", "record-sysfs"]),
    tests("SignaturesTests", ["Signatures", "StorageModel", "StorageOS", "TestSupport"]),
    tests("StorageToolsTests", ["StorageTools", "StorageModel", "TestSupport"]),
    tests("ArchitectureTests", ["StorageTools", "StorageModel", "TestSupport"]),
    library("TestSupport", ["StorageModel", "StorageOS"], path: "Tests/Unit/TestSupport"),
  ] + (commands + ["cistern"]).map(program) + fuzzing
)
