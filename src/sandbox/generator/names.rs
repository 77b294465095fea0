//! Names that a Vietnamese retailer could have given its places and goods.

/// Names, addresses and provinces of locations; the first is the main warehouse.
pub(super) const PLACES: [(&str, &str, &str); 24] = [
    ("Kho tổng Bình Dương", "12 Đại lộ Bình Dương", "Bình Dương"),
    ("Cửa hàng Nguyễn Huệ", "68 Nguyễn Huệ, Quận 1", "Hồ Chí Minh"),
    ("Cửa hàng Lê Văn Sỹ", "315 Lê Văn Sỹ, Quận 3", "Hồ Chí Minh"),
    ("Hàng đi đường", "12 Đại lộ Bình Dương", "Bình Dương"),
    ("Cửa hàng Quang Trung", "650 Quang Trung, Gò Vấp", "Hồ Chí Minh"),
    ("Cửa hàng Võ Văn Ngân", "216 Võ Văn Ngân, Thủ Đức", "Hồ Chí Minh"),
    ("Kho lỗi và hàng trả", "14 Đại lộ Bình Dương", "Bình Dương"),
    ("Cửa hàng Phan Xích Long", "190 Phan Xích Long, Phú Nhuận", "Hồ Chí Minh"),
    ("Cửa hàng Crescent Mall", "101 Tôn Dật Tiên, Quận 7", "Hồ Chí Minh"),
    ("Kho Hà Nội", "Lô 5 KCN Thạch Thất", "Hà Nội"),
    ("Cửa hàng Hàng Bông", "81 Hàng Bông, Hoàn Kiếm", "Hà Nội"),
    ("Cửa hàng Cầu Giấy", "241 Xuân Thủy, Cầu Giấy", "Hà Nội"),
    ("Cửa hàng Royal City", "72A Nguyễn Trãi, Thanh Xuân", "Hà Nội"),
    ("Cửa hàng Long Biên", "27 Cổ Linh, Long Biên", "Hà Nội"),
    ("Cửa hàng Lạch Tray", "92 Lạch Tray", "Hải Phòng"),
    ("Cửa hàng Hạ Long", "35 Trần Hưng Đạo", "Quảng Ninh"),
    ("Cửa hàng Vinh", "20 Quang Trung", "Nghệ An"),
    ("Cửa hàng Hùng Vương Huế", "50A Hùng Vương", "Thừa Thiên Huế"),
    ("Kho Đà Nẵng", "Đường số 3 KCN Hòa Khánh", "Đà Nẵng"),
    ("Cửa hàng Lê Duẩn Đà Nẵng", "118 Lê Duẩn", "Đà Nẵng"),
    ("Cửa hàng Nha Trang", "60 Thái Nguyên", "Khánh Hòa"),
    ("Cửa hàng Đà Lạt", "1 Khu Hòa Bình", "Lâm Đồng"),
    ("Cửa hàng Biên Hòa", "121 Phạm Văn Thuận", "Đồng Nai"),
    ("Cửa hàng Cần Thơ", "1 Đại lộ Hòa Bình", "Cần Thơ"),
];

/// The place in [`PLACES`] of the location for goods in transit.
pub(super) const ON_THE_ROAD: usize = 3;

/// The place in [`PLACES`] of the location whose stock must not be sold.
pub(super) const UNAVAILABLE: usize = 6;

/// Kinds of goods.
pub(super) const GOODS: [&str; 12] = [
    "Áo thun",
    "Áo sơ mi",
    "Áo khoác",
    "Quần jean",
    "Quần tây",
    "Chân váy",
    "Đầm xòe",
    "Giày thể thao",
    "Dép quai ngang",
    "Túi đeo chéo",
    "Nón lưỡi trai",
    "Tất cổ cao",
];

/// Lines of goods.
pub(super) const LINES: [&str; 8] =
    ["Sài Gòn", "Hội An", "Mộc Châu", "Phú Quốc", "Sa Pa", "Bến Tre", "Côn Đảo", "Tam Đảo"];

/// Colours of variants.
pub(super) const COLOURS: [&str; 6] = ["Đen", "Trắng", "Xám", "Xanh rêu", "Be", "Đỏ đô"];

/// Sizes of variants.
pub(super) const SIZES: [&str; 5] = ["S", "M", "L", "XL", "XXL"];
